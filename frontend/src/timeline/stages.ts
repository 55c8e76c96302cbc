/** What the calls that waited for a trace did meanwhile: they traced, and ran a new graph for the first time. */

import type { RunEvents } from "../api/types";
import { MODE_STYLES } from "../lib/modes";
import { PART_STYLES, type SliceStyle } from "../lib/parts";

/** Stages of one kind, as columns. */
export interface Stages {
  readonly style: SliceStyle;
  readonly lane: readonly number[];
  readonly row: readonly number[];
  readonly startNs: readonly number[];
  readonly durationNs: readonly number[];
}

export const FIRST_RUN_STYLE: SliceStyle = {
  ...PART_STYLES.compile,
  label: "first run",
  meaning: "what the first run of a graph takes beyond a later one: optimizing, placing, XLA's compiling",
};

export function stagesOf({ traces, first_runs }: RunEvents): readonly Stages[] {
  return [
    { ...traces, style: MODE_STYLES.tracing, startNs: traces.start_ns, durationNs: traces.duration_ns },
    { ...first_runs, style: FIRST_RUN_STYLE, startNs: first_runs.start_ns, durationNs: first_runs.duration_ns },
  ];
}
