import { expect, test } from "vitest";
import { settledAfterMs } from "./settling";

/** How often a gesture counts as over, when movements come so far apart. */
function ends(apartMs: number, movements: number): number {
  let sinceLastMs = Infinity;
  let over = 0;
  for (let movement = 1; movement <= movements; movement++) {
    if (movement === movements || settledAfterMs(sinceLastMs) < apartMs) over++;
    sinceLastMs = apartMs;
  }
  return over;
}

test("a gesture is over once, however far apart a busy machine delivers its movements", () => {
  expect([16, 60, 110].map((apartMs) => ends(apartMs, 12))).toEqual([1, 1, 1]);
  // The first of all cannot know how busy the machine is.
  expect([130, 250, 450].map((apartMs) => ends(apartMs, 12))).toEqual([2, 2, 2]);
});

test("a movement after a pause is waited for no longer than the first", () => {
  expect(settledAfterMs(Infinity)).toBe(120);
  expect(settledAfterMs(5000)).toBe(120);
  expect(settledAfterMs(900)).toBe(480);
});
