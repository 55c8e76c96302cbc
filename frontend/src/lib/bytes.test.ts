import { describe, expect, test } from "vitest";
import { byteTicks, formatBytes } from "./bytes";
import { MISSING } from "./time";

describe("formatBytes", () => {
  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 KB"],
    [999_600, "1 MB"],
    [1_048_576, "1.05 MB"],
    [67_108_864, "67.1 MB"],
    [123_456_789_012, "123 GB"],
    [-64_000_000, "−64 MB"],
    [5e17, "500000 TB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test("what was not recorded is a dash and not 0", () => {
    expect(formatBytes(null)).toBe(MISSING);
    expect(formatBytes(undefined)).toBe(MISSING);
    expect(formatBytes(Number.NaN)).toBe(MISSING);
  });
});

describe("byteTicks", () => {
  test("are round, begin at 0 and do not go beyond", () => {
    expect(byteTicks(41e6, 4)).toEqual([0, 20e6, 40e6]);
    expect(byteTicks(9, 4)).toEqual([0, 5]);
    expect(byteTicks(1, 4)).toEqual([0, 1]);
    expect(byteTicks(0, 4)).toEqual([0]);
  });
});
