import { describe, expect, it } from "vitest";
import { SLICE_TEXT, contrast } from "./modes";
import { PARTS, SLICE_STYLES, sharesOf } from "./parts";

describe("parts of a call's time", () => {
  it("are shown in one order, without those that took none", () => {
    expect(sharesOf({ idle: 3, python: 1, ops: 0 })).toEqual([
      { part: "python", ns: 1 },
      { part: "idle", ns: 3 },
    ]);
    expect(sharesOf({})).toEqual([]);
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
