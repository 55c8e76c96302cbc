import { describe, expect, test } from "vitest";
import { callCounts, functionInfo } from "../testing/reports";
import { COLUMNS, functionRows, type ColumnKey } from "./functionTable";

const FUNCTIONS = [
  functionInfo(0, {
    name: "train_step",
    qualname: "Trainer.train_step",
    kind: "tf.function",
    file: "/home/me/train.py",
    calls: callCounts({ graph: 98 }),
    traces: 2,
    time_ns: { total: 900, self: 300, tracing: 60 },
  }),
  functionInfo(1, {
    name: "step10",
    file: "/home/me/data.py",
    calls: callCounts({ eager: 5 }),
    errors: 1,
    time_ns: { total: 1000, self: 400, tracing: 30 },
  }),
  functionInfo(2, {
    name: "step2",
    kind: "region",
    file: null,
    calls: callCounts({ eager: 200 }),
    traces: 0,
    time_ns: { total: 10, self: 10, tracing: 0 },
  }),
];

function names(filter: string, key: ColumnKey, direction: "ascending" | "descending"): readonly string[] {
  return functionRows(FUNCTIONS, filter, { key, direction }).map(({ name }) => name);
}

describe("functionRows", () => {
  test.each([
    ["name", "ascending", ["step2", "step10", "train_step"]],
    ["kind", "ascending", ["step10", "step2", "train_step"]],
    ["calls", "descending", ["step2", "train_step", "step10"]],
    ["traces", "descending", ["train_step", "step10", "step2"]],
    ["errors", "descending", ["step10", "train_step", "step2"]],
    ["total", "descending", ["step10", "train_step", "step2"]],
    ["total", "ascending", ["step2", "train_step", "step10"]],
    ["self", "descending", ["step10", "train_step", "step2"]],
    ["self", "ascending", ["step2", "train_step", "step10"]],
    ["tracing", "ascending", ["step2", "step10", "train_step"]],
  ] as const)("sorts by %s, %s", (key, direction, expected) => {
    expect(names("", key, direction)).toEqual(expected);
  });

  test.each([
    ["STEP", ["train_step", "step10", "step2"]],
    ["trainer", ["train_step"]],
    ["data.py", ["step10"]],
    ["region", ["step2"]],
    ["step me", ["train_step", "step10"]],
    ["absent", []],
  ])("the filter %o finds names, kinds and files", (filter, expected) => {
    expect([...names(filter, "calls", "ascending")].sort()).toEqual([...expected].sort());
  });

  test("every column can be sorted by and starts in its own direction", () => {
    expect(new Set(COLUMNS.map(({ key }) => key)).size).toBe(COLUMNS.length);
    for (const { key, numeric, first } of COLUMNS) {
      expect(names("", key, "descending")).toHaveLength(FUNCTIONS.length);
      if (numeric) expect(first).toBe("descending");
    }
  });
});
