import { describe, expect, test } from "vitest";
// The table that tests/unit/insight/test_units.py holds the terminal to.
import cases from "../../../tests/support/units.json";
import { formatCount, formatShare } from "./text";
import { formatDuration } from "./time";

describe("a number is the same text on the page as in the terminal", () => {
  test.each(cases.durations_ns)("the duration %o is %o", (durationNs, text) => {
    expect(formatDuration(Number(durationNs))).toBe(text);
  });
  test.each(cases.counts)("the count %o is %o", (count, text) => {
    expect(formatCount(Number(count))).toBe(text);
  });
  test.each(cases.shares)("the share %o is %o", (part, text) => {
    expect(formatShare(Number(part))).toBe(text);
  });
});

test("a share that is not known is a dash", () => {
  expect(formatShare(null)).toBe("–");
});
