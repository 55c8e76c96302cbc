import { describe, expect, test } from "vitest";
import type { GraphInfo } from "../api/types";
import { definitionInfo, functionInfo, runReport, traceInfo } from "../testing/reports";
import { graphItems, type GraphItem } from "./graphList";

function ops(count: number): GraphInfo {
  return { ops: count } as unknown as GraphInfo;
}

function told(items: readonly GraphItem[]): readonly (string | number)[] {
  return items.map((item) => {
    if (item.type === "definition") return item.definition.title;
    return item.type === "function" ? `${item.info.name} ${item.traces}` : item.trace.trace_id;
  });
}

describe("graphItems", () => {
  const report = runReport({
    functions: [
      functionInfo(0, { name: "small", graph_ops: 5 }),
      functionInfo(1, {
        name: "large",
        graph_ops: 100,
        signatures: [{ signature_id: 4, text: "(x)", calls: 97, traces: 1 }],
      }),
      functionInfo(2, { name: "never traced" }),
    ],
    traces: [
      traceInfo(0, { function_id: 0, graph: ops(5), signature: "(a: float32[1])" }),
      traceInfo(1, { function_id: 1, ordinal: 2, graph: ops(100), signature_id: 4 }),
      traceInfo(2, { function_id: 1, ordinal: 1, graph: null }),
    ],
  });

  test("groups by function, the largest graphs first, traces in order", () => {
    expect(told(graphItems(report, ""))).toEqual(["large 2", 2, 1, "small 1", 0]);
  });

  test("knows the calls of the signature that caused a trace, and that they may not be known", () => {
    const calls = graphItems(report, "large").flatMap((item) => (item.type === "trace" ? [item.calls] : []));
    expect(calls).toEqual([null, 97]);
  });

  test("filters by function and signature", () => {
    expect(graphItems(report, "float32")).toHaveLength(2);
    expect(graphItems(report, "nothing")).toHaveLength(0);
  });

  test("functions of one definition are folded into one line, where the first of them is", () => {
    const alone = report.functions.map((info) => definitionInfo(info.definition_id, [info.function_id]));
    expect(told(graphItems({ ...report, definitions: alone }, ""))).toEqual(["large 2", 2, 1, "small 1", 0]);
    const made = {
      ...report,
      functions: report.functions.map((info) => ({ ...info, definition_id: 7 })),
      definitions: [definitionInfo(7, [0, 1, 2], { name: "step" })],
    };
    expect(told(graphItems(made, ""))).toEqual(["step × 3", "large 2", 2, 1, "small 1", 0]);
    expect(graphItems(made, "").map(({ fold }) => fold)).toEqual([null, 7, 7, 7, 7, 7]);
  });
});
