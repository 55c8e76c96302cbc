import type { DefinitionInfo, FunctionInfo, RunReport, TraceInfo } from "../api/types";
import { folded, type Foldable } from "../lib/definitions";
import { matches } from "../lib/text";

/** One line of the Graphs view's list: a definition with several functions, a function, or what one of its traces made. */
export type GraphItem = Foldable &
  (
    | { readonly type: "definition"; readonly definition: DefinitionInfo }
    | { readonly type: "function"; readonly info: FunctionInfo; readonly traces: number }
    | { readonly type: "trace"; readonly trace: TraceInfo; readonly calls: number | null }
  );

interface Entry {
  readonly info: FunctionInfo;
  readonly traces: readonly TraceInfo[];
}

/**
 * The concrete functions of a run by function, those first whose traces have most ops together; the functions of a definition that has several
 * lie where the first of them does.
 */
export function graphItems(report: RunReport, filter: string): readonly GraphItem[] {
  const tracesOf = new Map<number, TraceInfo[]>();
  for (const trace of report.traces) {
    const traces = tracesOf.get(trace.function_id);
    if (traces) traces.push(trace);
    else tracesOf.set(trace.function_id, [trace]);
  }
  const entries = report.functions
    .map((info): Entry => ({
      info,
      traces: (tracesOf.get(info.function_id) ?? [])
        .filter(({ signature }) => matches(`${info.name} ${info.file ?? ""} ${signature ?? ""}`, filter))
        .sort((a, b) => a.ordinal - b.ordinal),
    }))
    .filter(({ traces }) => traces.length > 0)
    .sort((a, b) => b.info.graph_ops - a.info.graph_ops || a.info.name.localeCompare(b.info.name));
  return folded(entries, report.definitions).flatMap(({ definition, entries: members }): readonly GraphItem[] => {
    if (definition === null) return members.flatMap((entry) => functionItems(entry, null));
    return [
      { type: "definition", fold: null, definition },
      ...members.flatMap((entry) => functionItems(entry, definition.definition_id)),
    ];
  });
}

function functionItems({ info, traces }: Entry, fold: number | null): readonly GraphItem[] {
  const calls = new Map(info.signatures.map((signature) => [signature.signature_id, signature.calls]));
  return [
    { type: "function", fold, info, traces: traces.length },
    ...traces.map((trace): GraphItem => ({
      type: "trace",
      fold,
      trace,
      calls: trace.signature_id === null ? null : (calls.get(trace.signature_id) ?? null),
    })),
  ];
}
