import { describe, expect, test } from "vitest";
import type { GraphLists, SourceInfo, SourceLineInfo } from "../api/types";
import { graphLines, opTypes } from "./graphLines";

function line(change: Partial<SourceLineInfo>): SourceLineInfo {
  return {
    file: "train.py",
    line: 1,
    own_line: 1,
    ops: 1,
    op_types: {},
    repeats: 1,
    in_loop: false,
    code: null,
    ...change,
  };
}

function graph(lines: readonly SourceLineInfo[]): GraphLists {
  return { source_lines: lines } as unknown as GraphLists;
}

const SOURCE: SourceInfo = {
  function_id: 0,
  function: "step",
  file: "train.py",
  line: 12,
  text: "def step(x):\n    y = f(x)\n    return y",
  truncated: false,
};

describe("graphLines", () => {
  const through = [
    line({ line: 13, own_line: 13, ops: 2 }),
    line({ file: "lib.py", line: 3, own_line: 13, ops: 40, repeats: 10, in_loop: true }),
    line({ file: "other.py", line: 7, own_line: null, ops: 5 }),
    line({ file: null, line: null, own_line: null, ops: 3 }),
  ];

  test("adds up what a line made itself and through others", () => {
    const { own, elsewhere, byTensorFlow, most } = graphLines(graph(through), SOURCE);
    expect(own.map(({ number, text, ops }) => [number, text.trim(), ops])).toEqual([
      [12, "def step(x):", 0],
      [13, "y = f(x)", 42],
      [14, "return y", 0],
    ]);
    expect(own[1]).toMatchObject({ repeats: 10, inLoop: true });
    expect(own[1]?.through.map(({ ops }) => ops)).toEqual([40, 2]);
    expect(elsewhere.map(({ ops }) => ops)).toEqual([5]);
    expect(byTensorFlow.map(({ ops }) => ops)).toEqual([3]);
    expect(most).toBe(42);
  });

  test("tells the lines that made something where the text was not recorded", () => {
    const { own } = graphLines(graph(through), null);
    expect(own.map(({ number, text }) => [number, text])).toEqual([[13, ""]]);
  });

  test("loses no op", () => {
    const { own, elsewhere, byTensorFlow } = graphLines(graph(through), SOURCE);
    const all = [...own, ...elsewhere, ...byTensorFlow].reduce((sum, { ops }) => sum + ops, 0);
    expect(all).toBe(through.reduce((sum, { ops }) => sum + ops, 0));
  });
});

describe("opTypes", () => {
  test("puts the rest into one entry", () => {
    expect(opTypes({ Const: 5, MatMul: 1, Add: 1, Mul: 9 }, 2)).toEqual([
      { type: "Mul", ops: 9 },
      { type: "Const", ops: 5 },
      { type: "2 more types", ops: 2 },
    ]);
    expect(opTypes({ B: 1, A: 1 }, 2).map(({ type }) => type)).toEqual(["A", "B"]);
  });
});
