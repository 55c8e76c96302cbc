import type { FunctionInfo, RunReport, TraceInfo } from "../api/types";
import { matches } from "../lib/text";

/** One line of the Graphs view's list: a function, or the concrete function that one of its traces made. */
export type GraphItem =
  | { readonly type: "function"; readonly info: FunctionInfo; readonly traces: number }
  | { readonly type: "trace"; readonly trace: TraceInfo; readonly calls: number | null };

/** The concrete functions of a run by function, those first whose traces have most ops together. */
export function graphItems(report: RunReport, filter: string): readonly GraphItem[] {
  const tracesOf = new Map<number, TraceInfo[]>();
  for (const trace of report.traces) {
    const traces = tracesOf.get(trace.function_id);
    if (traces) traces.push(trace);
    else tracesOf.set(trace.function_id, [trace]);
  }
  return report.functions
    .map((info) => ({
      info,
      traces: (tracesOf.get(info.function_id) ?? [])
        .filter(({ signature }) => matches(`${info.name} ${info.file ?? ""} ${signature ?? ""}`, filter))
        .sort((a, b) => a.ordinal - b.ordinal),
    }))
    .filter(({ traces }) => traces.length > 0)
    .sort((a, b) => b.info.graph_ops - a.info.graph_ops || a.info.name.localeCompare(b.info.name))
    .flatMap(({ info, traces }): GraphItem[] => {
      const calls = new Map(info.signatures.map((signature) => [signature.signature_id, signature.calls]));
      return [
        { type: "function", info, traces: traces.length },
        ...traces.map((trace): GraphItem => ({
          type: "trace",
          trace,
          calls: trace.signature_id === null ? null : (calls.get(trace.signature_id) ?? null),
        })),
      ];
    });
}
