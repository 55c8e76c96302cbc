import { describe, expect, it } from "vitest";
import type { Part } from "../api/types";
import { SLICE_TEXT, contrast } from "./modes";
import { PARTS, SLICE_STYLES, partsOf } from "./parts";

describe("parts of a call's time", () => {
  it("are shown in one order, without those that took none", () => {
    const none = Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>;
    const times = { parts_ns: { ...none, idle: 3, python: 1 }, parts_share: { ...none, idle: 0.75, python: 0.25 } };
    expect(partsOf(times)).toEqual([
      { part: "python", ns: 1, share: 0.25 },
      { part: "idle", ns: 3, share: 0.75 },
    ]);
    expect(partsOf({ parts_ns: none, parts_share: none })).toEqual([]);
  });

  it("have a style each, on which text can be read in both themes", () => {
    expect(SLICE_STYLES).toHaveLength(5 + PARTS.length);
    for (const style of SLICE_STYLES) {
      for (const theme of ["light", "dark"] as const) {
        expect(contrast(style[theme], SLICE_TEXT), `${style.label}, ${theme}`).toBeGreaterThan(4.5);
      }
    }
  });
});
