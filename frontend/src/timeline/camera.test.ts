import { describe, expect, test } from "vitest";
import * as camera from "./camera";

const DATA = { beginNs: 0, endNs: 1_000_000 };
const WINDOW = { beginNs: 400_000, endNs: 500_000 };

test("pixels and times are each other's inverse, also far from zero", () => {
  const far = { beginNs: 3.6e12, endNs: 3.6e12 + 100 };
  for (const xPx of [0, 1, 250.5, 1000]) {
    expect(camera.timeToPx(far, 1000, camera.pxToTime(far, 1000, xPx))).toBeCloseTo(xPx, 1);
  }
});

describe("zoom", () => {
  test("keeps the time under the pointer where it is", () => {
    const anchorNs = 430_000;
    const zoomed = camera.zoom(WINDOW, DATA, 4, anchorNs);
    expect(camera.spanNs(zoomed)).toBeCloseTo(25_000);
    expect(camera.timeToPx(zoomed, 1000, anchorNs)).toBeCloseTo(camera.timeToPx(WINDOW, 1000, anchorNs));
  });

  test("ends at a few nanoseconds, and a little beyond the whole run", () => {
    let window = WINDOW;
    for (let step = 0; step < 60; step++) window = camera.zoom(window, DATA, 2, 450_000);
    expect(camera.spanNs(window)).toBeCloseTo(camera.MIN_SPAN_NS);
    for (let step = 0; step < 60; step++) window = camera.zoom(window, DATA, 0.5, 450_000);
    expect(camera.spanNs(window)).toBeGreaterThan(camera.spanNs(DATA));
    expect(camera.spanNs(window)).toBeLessThan(2 * camera.spanNs(DATA));
  });
});

test("panning never loses the data", () => {
  for (const byNs of [-1e9, 1e9]) {
    const window = camera.pan(WINDOW, DATA, byNs);
    expect(camera.spanNs(window)).toBeCloseTo(100_000);
    expect(window.endNs).toBeGreaterThan(DATA.beginNs);
    expect(window.beginNs).toBeLessThan(DATA.endNs);
  }
});

test("fit shows everything with some room, even a single call without duration", () => {
  const all = camera.fit(DATA);
  expect(all.beginNs).toBeLessThan(0);
  expect(all.endNs).toBeGreaterThan(1_000_000);
  expect(camera.spanNs(camera.fit({ beginNs: 5, endNs: 5 }))).toBeGreaterThan(0);
});

describe("reveal", () => {
  test("leaves what is on screen alone", () => {
    expect(camera.reveal(WINDOW, DATA, { beginNs: 420_000, endNs: 430_000 })).toBe(WINDOW);
  });

  test("centres what is not, at the same zoom", () => {
    const window = camera.reveal(WINDOW, DATA, { beginNs: 700_000, endNs: 700_100 });
    expect(camera.spanNs(window)).toBeCloseTo(100_000);
    expect((window.beginNs + window.endNs) / 2).toBeCloseTo(700_050);
  });

  test("shows the beginning of what is longer than the screen", () => {
    const window = camera.reveal(WINDOW, DATA, { beginNs: 600_000, endNs: 990_000 });
    expect(window.beginNs).toBeLessThan(600_000);
    expect(window.endNs).toBeGreaterThan(600_000);
  });
});
