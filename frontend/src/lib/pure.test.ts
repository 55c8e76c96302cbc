import { describe, expect, test } from "vitest";
import { MODES } from "../api/types";
import { diffTokens, tokenize } from "./diff";
import { MODE_STYLES, SLICE_TEXT, contrast, modeOfCode, modeStyle } from "./modes";
import { nextSort, sorted } from "./sorting";
import { formatCount, formatLocation, formatProcess, matches, plural, shortPath, shortProcess } from "./text";

describe("diffTokens", () => {
  const changed = (parts: readonly { readonly text: string; readonly changed: boolean }[]) =>
    parts.filter((part) => part.changed).map(({ text }) => text);

  test("marks the one dimension that differs", () => {
    const diff = diffTokens("float32[32, 8]", "float32[17, 8]");
    expect(changed(diff.before)).toEqual(["32"]);
    expect(changed(diff.after)).toEqual(["17"]);
  });

  test("finds several changes and what lies between them", () => {
    const diff = diffTokens("(x: float32[32, 8], n: 3)", "(x: float64[32, 9], n: 3)");
    expect(changed(diff.before)).toEqual(["float32", "8"]);
    expect(changed(diff.after)).toEqual(["float64", "9"]);
  });

  test("loses nothing of either side", () => {
    for (const [before, after] of [
      ["", "a"],
      ["same", "same"],
      ["'a b' [1]", '"a b" [1, 2]'],
      ["{'k': 1}", "None"],
      ["x".repeat(5), "[".repeat(2000)],
      ["[".repeat(900) + "1", "]".repeat(900) + "1"],
    ] as const) {
      const diff = diffTokens(before, after);
      expect(diff.before.map(({ text }) => text).join("")).toBe(before);
      expect(diff.after.map(({ text }) => text).join("")).toBe(after);
    }
  });

  test("equal texts have no change", () => {
    const diff = diffTokens("int64[?]", "int64[?]");
    expect(changed(diff.before)).toEqual([]);
    expect(changed(diff.after)).toEqual([]);
  });

  test("a quoted string is one token", () => {
    expect(tokenize("f('a, b', -1.5)")).toEqual(["f", "(", "'a, b'", ",", " ", "-1.5", ")"]);
  });
});

describe("sorting", () => {
  const items = [{ n: 2 }, { n: null }, { n: 10 }, { n: 1 }];

  test("what was not recorded comes last in either direction", () => {
    expect(sorted(items, ({ n }) => n, "ascending").map(({ n }) => n)).toEqual([1, 2, 10, null]);
    expect(sorted(items, ({ n }) => n, "descending").map(({ n }) => n)).toEqual([10, 2, 1, null]);
  });

  test("names sort as people count, and the input stays as it was", () => {
    const names = ["step10", "Step2", "step1"];
    expect(sorted(names, (name) => name, "ascending")).toEqual(["step1", "Step2", "step10"]);
    expect(names).toEqual(["step10", "Step2", "step1"]);
  });

  test("equal keys keep their order", () => {
    const pairs = [
      ["a", 1],
      ["b", 1],
      ["c", 1],
    ] as const;
    expect(sorted(pairs, ([, n]) => n, "descending").map(([name]) => name)).toEqual(["a", "b", "c"]);
  });

  test("a second click turns the direction, another column starts with its own", () => {
    const start = { key: "a", direction: "descending" } as const;
    expect(nextSort<string>(start, "a", "descending")).toEqual({ key: "a", direction: "ascending" });
    expect(nextSort<string>(start, "b", "ascending")).toEqual({ key: "b", direction: "ascending" });
  });
});

describe("text", () => {
  test("counts are grouped, and unknown ones are a dash", () => {
    expect(formatCount(1_234_567)).toBe("1,234,567");
    expect(formatCount(null)).toBe("–");
    expect(plural(1, "call")).toBe("1 call");
    expect(plural(0, "call")).toBe("0 calls");
  });

  test("places in files", () => {
    expect(formatLocation("a.py", 12)).toBe("a.py:12");
    expect(formatLocation("a.py", null)).toBe("a.py");
    expect(formatLocation(null, 3)).toBe("–");
    expect(shortPath("/home/me/project/train.py")).toBe("…/project/train.py");
    expect(shortPath("C:\\me\\project\\train.py")).toBe("…/project/train.py");
    expect(shortPath("train.py")).toBe("train.py");
  });

  test("a process goes by its task, or by its number", () => {
    const task = { host: "h", pid: 12, worker: "worker:1", complete: true, state: "complete" as const, last_written_unix_ns: 0, dropped: 0 };
    expect([shortProcess(task), formatProcess(task)]).toEqual(["worker:1", "worker:1 on h, process 12"]);
    const alone = { ...task, worker: null };
    expect([shortProcess(alone), formatProcess(alone)]).toEqual(["process 12", "h, process 12"]);
    expect(formatProcess({ ...alone, host: null, pid: null })).toBe("an unknown host, process –");
  });

  test("a filter needs every word, in any order and case", () => {
    expect(matches("Train_Step tf.function", "function train")).toBe(true);
    expect(matches("train_step", "train eval")).toBe(false);
    expect(matches("anything", "  ")).toBe(true);
  });
});

describe("modes", () => {
  test("text on every mode is readable in both themes", () => {
    for (const mode of MODES) {
      for (const colour of [MODE_STYLES[mode].light, MODE_STYLES[mode].dark]) {
        expect(contrast(colour, SLICE_TEXT)).toBeGreaterThan(4.5);
      }
    }
  });

  test("no two modes share a pattern, so that colour is not all that tells them apart", () => {
    expect(new Set(MODES.map((mode) => MODE_STYLES[mode].pattern)).size).toBe(MODES.length);
  });

  test("codes and words that a newer server may send are not known, rather than wrong", () => {
    expect(modeOfCode(1)).toBe("graph");
    expect(modeOfCode(9)).toBeNull();
    expect(modeStyle("quantum")).toBeNull();
    expect(modeStyle("toString")).toBeNull();
  });
});
