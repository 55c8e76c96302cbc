import type { ErrorInfo, FrameInfo, FunctionInfo, RunReport } from "../api/types";
import { formatLocation, matches } from "./text";

export const UNCLASSIFIED = "unclassified";

/** Failures of one kind, in one place of one function. */
export interface FailureGroup {
  readonly key: string;
  /** The first of them, as it left the innermost call. */
  readonly first: ErrorInfo;
  readonly info: FunctionInfo | null;
  /** Each failure as it left the innermost call, in order. */
  readonly failures: readonly ErrorInfo[];
  /** The names of the functions whose calls the first one left, innermost first. */
  readonly left: readonly string[];
  /** The longest stack that was recorded of the first one. */
  readonly stack: readonly FrameInfo[];
}

/**
 * The failures of a run by diagnosis and place: what is known first, and in the order in which it happened.
 *
 * One failure is an error of every call that it left; it is counted once.
 */
export function failureGroups(report: RunReport, filter: string): readonly FailureGroup[] {
  const functions = new Map(report.functions.map((info) => [info.function_id, info]));
  const errorsOf = new Map<number, ErrorInfo[]>();
  for (const error of report.errors) {
    const first = error.first_error_id ?? error.error_id;
    const errors = errorsOf.get(first);
    if (errors) errors.push(error);
    else errorsOf.set(first, [error]);
  }
  const groups = new Map<string, ErrorInfo[]>();
  for (const errors of errorsOf.values()) {
    const first = errors[0];
    if (!first) continue;
    const source = first.diagnosis?.source;
    const key = JSON.stringify([
      first.diagnosis?.id ?? null,
      first.type,
      source?.file,
      source?.line,
      first.function_id,
    ]);
    const group = groups.get(key);
    if (group) group.push(first);
    else groups.set(key, [first]);
  }
  return [...groups]
    .flatMap(([key, failures]): FailureGroup[] => {
      const [first] = failures;
      if (!first) return [];
      const same = errorsOf.get(first.first_error_id ?? first.error_id) ?? [first];
      const stacks = same.map(({ stack }) => stack ?? []);
      return [
        {
          key,
          first,
          info: functions.get(first.function_id) ?? null,
          failures,
          left: same.map(({ function_id: id }) => functions.get(id)?.name ?? `function ${id}`),
          stack: stacks.reduce((longest, stack) => (stack.length > longest.length ? stack : longest), []),
        },
      ];
    })
    .filter((group) => matches(textOf(group), filter))
    .sort((a, b) => Number(isUnclassified(a)) - Number(isUnclassified(b)) || timeOf(a) - timeOf(b));
}

export function isUnclassified({ first }: FailureGroup): boolean {
  return (first.diagnosis?.id ?? UNCLASSIFIED) === UNCLASSIFIED;
}

/** What failed, in one line. */
export function titleOf({ first }: FailureGroup): string {
  const { diagnosis } = first;
  return diagnosis ? diagnosis.title : first.type;
}

function textOf({ first, info, left }: FailureGroup): string {
  const source = first.diagnosis?.source;
  const where = source ? `${formatLocation(source.file, source.line)} ${source.code}` : "";
  return [first.diagnosis?.id, first.diagnosis?.title, first.type, first.message, info?.name, where, ...left].join(" ");
}

function timeOf({ first }: FailureGroup): number {
  return first.time_ns ?? 0;
}
