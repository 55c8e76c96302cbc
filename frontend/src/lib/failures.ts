import type { ErrorInfo, FailureGroup, FrameInfo, FunctionInfo, RunReport } from "../api/types";
import { formatLocation, matches } from "./text";

export const UNCLASSIFIED = "unclassified";

/** Failures that are alike, with what the report has elsewhere. */
export interface Failure {
  readonly group: FailureGroup;
  /** The first of them, as it left the innermost call. */
  readonly first: ErrorInfo;
  readonly info: FunctionInfo | null;
  /** The names of the functions whose calls the first one left, innermost first. */
  readonly left: readonly string[];
  /** The longest stack that was recorded of the first one. */
  readonly stack: readonly FrameInfo[];
}

/** The failures of a run that match the filter, in the report's order. */
export function failuresOf(report: RunReport, filter: string): readonly Failure[] {
  const functions = new Map(report.functions.map((info) => [info.function_id, info]));
  const errors = new Map(report.errors.map((error) => [error.error_id, error]));
  return report.failures
    .flatMap((group): Failure[] => {
      const first = errors.get(group.error_id);
      if (!first) return [];
      return [
        {
          group,
          first,
          info: functions.get(group.function_id) ?? null,
          left: group.left.map((id) => functions.get(id)?.name ?? `function ${id}`),
          stack: errors.get(group.stack_error_id)?.stack ?? [],
        },
      ];
    })
    .filter((failure) => matches(textOf(failure), filter));
}

export function isUnclassified({ group }: Failure): boolean {
  return group.diagnosis_id === UNCLASSIFIED;
}

function textOf({ group, first, info, left }: Failure): string {
  const { source } = first.diagnosis;
  const where = source ? `${formatLocation(source.file, source.line)} ${source.code}` : "";
  return [group.diagnosis_id, group.title, first.type, first.message, info?.name, where, ...left].join(" ");
}
