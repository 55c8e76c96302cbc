import { describe, expect, test } from "vitest";
import { sourceLines } from "./source";

describe("sourceLines", () => {
  const source = { line: 12, text: "@tf.function\ndef step(x):\n\n    return x" };

  test("counts from the definition's line in its file and keeps empty lines", () => {
    expect(sourceLines(source, 12).map(({ number, text }) => [number, text])).toEqual([
      [12, "@tf.function"],
      [13, "def step(x):"],
      [14, ""],
      [15, "    return x"],
    ]);
  });

  test("marks the line that was asked for and no other", () => {
    const marked = (line: number) =>
      sourceLines(source, line)
        .filter((found) => found.marked)
        .map(({ number }) => number);
    expect(marked(12)).toEqual([12]);
    expect(marked(15)).toEqual([15]);
    expect(marked(11)).toEqual([]);
    expect(marked(16)).toEqual([]);
  });

  test("ends a line only where Python does", () => {
    const texts = (text: string) => sourceLines({ line: 1, text }, 1).map((found) => found.text);
    expect(texts("a\r\nb\rc")).toEqual(["a", "b", "c"]);
    expect(texts("'\f'\n'\u2028'")).toEqual(["'\f'", "'\u2028'"]);
  });
});
