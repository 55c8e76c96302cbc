import { describe, expect, test } from "vitest";
import { definitionInfo, errorInfo, finding, functionInfo, reason, runReport, traceInfo } from "../testing/reports";
import { unfolded } from "../lib/definitions";
import { ERRORS_ONLY, traceItems, type TraceItem } from "./traceList";

const ALL = { text: "", kind: "" };

const report = runReport({
  functions: [
    functionInfo(0, { name: "quiet" }),
    functionInfo(1, { name: "evaluate", qualname: "Model.evaluate", file: "/home/me/model.py" }),
    functionInfo(2, { name: "train_step", file: "/home/me/train.py" }),
    functionInfo(3, { name: "broken", file: null }),
  ],
  traces: [
    traceInfo(0, { function_id: 1, ordinal: 1, reason: reason(["first-trace"], "first trace") }),
    traceInfo(1, {
      function_id: 2,
      ordinal: 3,
      duration_ns: 7,
      reason: reason(["shape", "dtype"], "x: int32[3] → int64[4]"),
    }),
    traceInfo(2, { function_id: 2, ordinal: 1, reason: reason(["first-trace"], "first trace") }),
    traceInfo(3, { function_id: 2, ordinal: 2, duration_ns: 5, reason: reason(["shape"], "x: int32[2] → int32[3]") }),
  ],
  errors: [
    errorInfo(0, { function_id: 3, message: "no such digit" }),
    errorInfo(1, { function_id: 2, type: "TypeError", message: "not a tensor" }),
  ],
});

/** Functions by name, traces as `t<id>`, errors as `e<id>`. */
function shown(items: readonly TraceItem[]): readonly string[] {
  return items.map((item) => {
    if (item.type === "definition") return item.definition.title;
    if (item.type === "function") return item.info.name;
    return item.type === "trace" ? `t${item.trace.trace_id}` : `e${item.error.error_id}`;
  });
}

describe("traceItems", () => {
  test("groups by function, the most often traced first, errors before traces, traces in their order", () => {
    expect(shown(traceItems(report, ALL))).toEqual([
      "train_step",
      "e1",
      "t2",
      "t3",
      "t1",
      "evaluate",
      "t0",
      "broken",
      "e0",
    ]);
  });

  test("functions with equally many traces are ordered by errors, then by name", () => {
    const items = traceItems(
      runReport({
        functions: [functionInfo(0, { name: "b" }), functionInfo(1, { name: "a" }), functionInfo(2, { name: "z" })],
        traces: [traceInfo(0, { function_id: 0 }), traceInfo(1, { function_id: 1 }), traceInfo(2, { function_id: 2 })],
        errors: [errorInfo(0, { function_id: 2 })],
      }),
      ALL,
    );
    expect(shown(items)).toEqual(["z", "e0", "t2", "a", "t1", "b", "t0"]);
  });

  test.each([
    ["train", ["train_step", "e1", "t2", "t3", "t1"]],
    ["model.py", ["evaluate", "t0"]],
    ["Model.evaluate", ["evaluate", "t0"]],
    ["int64", ["train_step", "t1"]],
    ["step int32[2]", ["train_step", "t3"]],
    ["TypeError", ["train_step", "e1"]],
    ["digit", ["broken", "e0"]],
    ["nothing like it", []],
  ])("the text %o finds names, places, reasons and errors", (text, expected) => {
    expect(shown(traceItems(report, { text, kind: "" }))).toEqual(expected);
  });

  test.each([
    ["shape", ["train_step", "t3", "t1"]],
    ["dtype", ["train_step", "t1"]],
    ["first-trace", ["evaluate", "t0", "train_step", "t2"]],
    ["rank", []],
    [ERRORS_ONLY, ["broken", "e0", "train_step", "e1"]],
  ])("the kind %o leaves its own", (kind, expected) => {
    expect(shown(traceItems(report, { text: "", kind }))).toEqual(expected);
  });

  test("a function's line tells how many traces and errors are shown, and its findings", () => {
    const shape = finding("varying-shape", 2);
    const [line] = traceItems({ ...report, findings: [shape] }, { text: "", kind: "shape" });
    expect(line).toMatchObject({ type: "function", traces: 2, errors: 0, findings: [shape] });
  });

  test("functions of one definition are folded into one line that has their findings", () => {
    const found = finding("function-recreated", 3);
    const made = {
      ...report,
      functions: report.functions.map((info) => (info.function_id === 2 ? info : { ...info, definition_id: 7 })),
      definitions: [definitionInfo(2, [2]), definitionInfo(7, [0, 1, 3], { name: "evaluate" })],
      findings: [found],
    };
    const items = traceItems(made, ALL);
    expect(shown(items)).toEqual([
      "train_step",
      "e1",
      "t2",
      "t3",
      "t1",
      "evaluate × 3",
      "evaluate",
      "t0",
      "broken",
      "e0",
    ]);
    expect(items.flatMap((item) => (item.type === "definition" ? item.findings : []))).toEqual([found]);
    expect(items.flatMap((item) => (item.type === "function" ? item.findings : []))).toEqual([]);
    expect(shown(unfolded(items, new Set()))).toEqual(["train_step", "e1", "t2", "t3", "t1", "evaluate × 3"]);
    expect(unfolded(items, new Set([7]))).toEqual(items);
    expect(shown(traceItems(made, { text: "digit", kind: "" }))).toEqual(["evaluate × 3", "broken", "e0"]);
  });

  test("the report stays as it was", () => {
    const before = JSON.stringify(report);
    traceItems(report, ALL);
    expect(JSON.stringify(report)).toBe(before);
  });
});
