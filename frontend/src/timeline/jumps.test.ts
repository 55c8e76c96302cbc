import { expect, test } from "vitest";
import { nextPlace, type Target } from "./jumps";

const at = (...times: (number | null)[]): readonly Target[] => times.map((timeNs) => ({ call: null, timeNs }));

test("the first jump leads to what comes at or after where one looks", () => {
  expect(nextPlace(at(10, 20, 30), null, 1, 20)).toBe(1);
  expect(nextPlace(at(10, 20, 30), null, 1, 31)).toBe(0);
  expect(nextPlace(at(10, 20, 30), null, -1, 20)).toBe(0);
  expect(nextPlace(at(10, 20, 30), null, -1, 5)).toBe(2);
});

test("later jumps reach every target, also of several at one time, and begin anew after the last", () => {
  const targets = at(10, 10, 10);
  const reached: number[] = [];
  let place: number | null = null;
  for (let count = 0; count < 4; count++) reached.push((place = nextPlace(targets, place, 1, 0)));
  expect(reached).toEqual([0, 1, 2, 0]);
  expect(nextPlace(targets, 0, -1, 0)).toBe(2);
});

test("there is nowhere to go without targets", () => {
  expect(nextPlace([], null, 1, 0)).toBe(-1);
});
