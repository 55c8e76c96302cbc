import { describe, expect, test } from "vitest";
import { extentOf, indexAt, stepPath } from "./chart";

const BOX = { width: 100, height: 50 };

describe("stepPath", () => {
  const extent = { beginNs: 0, endNs: 10, most: 10 };

  test("holds a value until the next one", () => {
    expect(stepPath([0, 5], [0, 10], extent, BOX)).toBe("M0 50H50V0H100");
  });

  test("closes the area below", () => {
    expect(stepPath([0, 5], [5, 10], extent, BOX, true)).toBe("M0 50V25H50V0H100V50Z");
  });

  test("draws a single value over the whole time, and nothing for none", () => {
    expect(stepPath([7], [5], extent, BOX)).toBe("M0 25H100");
    expect(stepPath([], [], extent, BOX)).toBe("");
  });
});

describe("indexAt", () => {
  test("finds the last point at or before a time", () => {
    expect([-5, 0, 1, 9, 10, 99].map((time) => indexAt([0, 1, 10], time))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(indexAt([], 3)).toBe(-1);
  });
});

describe("extentOf", () => {
  test("spans all lines and leaves room above", () => {
    const { beginNs, endNs, most } = extentOf([[5, 9], [2]], [[1, 100], [50]]);
    expect([beginNs, endNs]).toEqual([2, 9]);
    expect(most).toBeCloseTo(108);
  });

  test("is never empty", () => {
    expect(extentOf([[]], [[]])).toEqual({ beginNs: 0, endNs: 1, most: 1 });
    expect(extentOf([[7]], [[0]])).toEqual({ beginNs: 0, endNs: 7, most: 1 });
  });
});
