import { describe, expect, it } from "vitest";
import { codeParts } from "./codeParts";

describe("sentences with code in them", () => {
  it("are taken apart at the backticks", () => {
    expect(codeParts("Call `f(x)` once. `g` is not called.")).toEqual([
      { code: false, text: "Call " },
      { code: true, text: "f(x)" },
      { code: false, text: " once. " },
      { code: true, text: "g" },
      { code: false, text: " is not called." },
    ]);
  });

  it("are one piece without code, and none without text", () => {
    expect(codeParts("Nothing.")).toEqual([{ code: false, text: "Nothing." }]);
    expect(codeParts("")).toEqual([]);
  });
});
