import { describe, expect, test } from "vitest";
import { callCounts, definitionInfo, functionInfo, runReport, traceInfo } from "../testing/reports";
import { byWallTime, columnsOf, foldOfTrace, folded, memberColumns, retraced } from "./definitions";

const repeated = (total: number) => ({ total, made_anew: total, same_function: 0, normal: 0, text: "" });

describe("the table of definitions", () => {
  const rows = [
    definitionInfo(0, [0], { wall_ns: 10, share: 0.1, calls: callCounts({ graph: 1200 }) }),
    definitionInfo(1, [1, 2], { wall_ns: 90, share: 0.9, all_traces: 3 }),
  ];

  test("has those first that took most wall time, and leaves the report as it was", () => {
    const report = runReport({ definitions: rows });
    expect(byWallTime(report).map(({ definition_id }) => definition_id)).toEqual([1, 0]);
    expect(report.definitions[0]).toBe(rows[0]);
  });

  test("has no column that holds nothing", () => {
    expect(columnsOf(rows).map(({ key }) => key)).toEqual(["wall", "share", "graph", "traces"]);
    expect(columnsOf(rows.slice(0, 1)).map(({ key }) => key)).toEqual(["wall", "share", "graph"]);
  });

  test("writes numbers as everywhere, and nothing for none", () => {
    const texts = rows.map((row) => columnsOf(rows).map(({ text }) => text(row)));
    expect(texts).toEqual([
      ["10 ns", "10%", "1,200", ""],
      ["90 ns", "90%", "", "3"],
    ]);
  });
});

test("the functions of a definition have no column that holds nothing either", () => {
  const made = functionInfo(1, { instance: 1, calls: callCounts(), traces: 1 });
  const place = {
    file: "/home/me/train.py",
    line: 7,
    function: "main",
    code: "step = make()",
    tensorflow: "",
    loop: "",
  };
  expect(memberColumns([made]).map(({ label, text }) => [label, text(made)])).toEqual([
    ["Function", "2"],
    ["Traces", "1"],
  ]);
  const columns = memberColumns([made, functionInfo(2, { made_at: place })]);
  expect(columns.map(({ label, text }) => [label, text(made)])).toEqual([
    ["Function", "2"],
    ["Made at", ""],
    ["Calls", ""],
    ["Traces", "1"],
  ]);
});

test("what was traced again has a line where it is known why, most often repeated first", () => {
  const definitions = [
    definitionInfo(0, [0], { changes: "x 1 → 2", repeated: repeated(1) }),
    definitionInfo(1, [1], { repeated: repeated(9) }),
    definitionInfo(2, [2], { changes: "made anew 5 times", repeated: repeated(5) }),
  ];
  expect(retraced(runReport({ definitions })).map(({ definition_id }) => definition_id)).toEqual([2, 0]);
});

describe("folds", () => {
  const entry = (id: number, definition: number) => ({ info: functionInfo(id, { definition_id: definition }) });

  test("lie where the first of their functions was; a definition of one function has none", () => {
    const entries = [entry(0, 8), entry(1, 7), entry(2, 8), entry(3, 7)];
    const told = folded(entries, [definitionInfo(7, [1, 3]), definitionInfo(8, [0])]).map((fold) => [
      fold.definition?.definition_id ?? null,
      fold.entries.map(({ info }) => info.function_id),
    ]);
    expect(told).toEqual([
      [null, [0]],
      [7, [1, 3]],
      [null, [2]],
    ]);
  });

  test("are found by a trace in them", () => {
    const report = runReport({
      functions: [functionInfo(3, { definition_id: 7 })],
      traces: [traceInfo(5, { function_id: 3 })],
    });
    expect(foldOfTrace(report, 5)).toBe(7);
    expect(foldOfTrace(report, 6)).toBeNull();
    expect(foldOfTrace(null, 5)).toBeNull();
  });
});
