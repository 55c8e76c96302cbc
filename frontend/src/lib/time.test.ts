import { describe, expect, test } from "vitest";
import { MISSING, axis, formatDuration, formatTimestamp, tickStepNs, ticks } from "./time";

describe("formatDuration", () => {
  test.each([
    [0, "0 ns"],
    [7, "7 ns"],
    [999, "999 ns"],
    [1000, "1 µs"],
    [1234, "1.23 µs"],
    [45_600, "45.6 µs"],
    [999_999.6, "1 ms"],
    [999_600, "1 ms"],
    [1_500_000, "1.5 ms"],
    [2_000_000_000, "2 s"],
    [59_949_000_000, "59.9 s"],
    [125_000_000_000, "2 min 5 s"],
    [120_000_000_000, "2 min"],
    [3_660_000_000_000, "1 h 1 min"],
    [-1500, "−1.5 µs"],
  ])("%d ns is %s", (durationNs, text) => {
    expect(formatDuration(durationNs)).toBe(text);
  });

  test("what was not recorded is a dash, never 0", () => {
    expect(formatDuration(null)).toBe(MISSING);
    expect(formatDuration(undefined)).toBe(MISSING);
  });
});

test("a time keeps as many decimals as the resolution needs", () => {
  expect(formatTimestamp(1_234_567_890, 1000)).toBe("1.234568 s");
  expect(formatTimestamp(5_000_000, 1_000_000)).toBe("5 ms");
});

describe("ticks", () => {
  test("steps are 1, 2 or 5 times a power of ten, and never below a nanosecond", () => {
    expect([0.01, 1, 1.1, 3, 5, 6, 100, 101, 1e9].map(tickStepNs)).toEqual([1, 1, 2, 5, 5, 10, 100, 200, 1e9]);
  });

  test("lie in the window, at even times, no closer than asked", () => {
    for (const [beginNs, endNs, minStepNs] of [
      [0, 1000, 90],
      [-500, 12_345, 700],
      [1e12, 1e12 + 50, 3],
      [17, 1e10, 1e9],
    ] as const) {
      const times = ticks(beginNs, endNs, minStepNs).map(({ timeNs }) => timeNs);
      expect(times.length).toBeGreaterThan(2);
      for (const [index, timeNs] of times.entries()) {
        expect(timeNs).toBeGreaterThanOrEqual(beginNs);
        expect(timeNs).toBeLessThanOrEqual(endNs);
        expect(timeNs % tickStepNs(minStepNs)).toBeCloseTo(0);
        const before = times[index - 1];
        if (before !== undefined) expect(timeNs - before).toBeGreaterThanOrEqual(minStepNs);
      }
    }
  });

  test("no two labels are alike", () => {
    for (const stepNs of [1, 3, 70, 1500, 4e5, 2e7, 3e8]) {
      const labels = ticks(5e9, 5e9 + 20 * stepNs, stepNs).map(({ label }) => label);
      expect(new Set(labels).size).toBe(labels.length);
    }
  });

  test("an empty window has none", () => {
    expect(ticks(5, 5, 1)).toEqual([]);
  });

  test("a tiny step over a huge window does not make millions", () => {
    expect(ticks(0, 1e15, 1).length).toBeLessThan(1100);
  });
});

describe("axis", () => {
  test("deep inside a long run labels are relative to a base", () => {
    const { base, ticks: shown } = axis(12_345_678_100, 12_345_678_900, 100);
    expect(base).toBe("12.345678 s");
    expect(shown.map(({ label }) => label)).toContain("+200 ns");
    expect(shown.map(({ timeNs }) => timeNs)).toContain(12_345_678_200);
  });

  test("a whole run needs no base", () => {
    expect(axis(0, 2e9, 2e8).base).toBeNull();
    expect(axis(-1e8, 2e9, 2e8).base).toBeNull();
  });
});
