/** Lanes of ops: which are shown below which lane of calls, and how their slices are told from those of calls. */

import type { Slices } from "../api/slices";
import type { LaneInfo, Lanes, OpLane, FoundProfile } from "../api/types";
import { codeOfPart, opNameId } from "../lib/parts";
import type { TimeWindow } from "../lib/urlState";

/** The lanes with those of ops after the first lane of each thread that is unfolded. */
export function withOps(lanes: Lanes, ops: readonly OpLane[], unfolded: readonly number[]): Lanes {
  const seen = new Set<number>();
  const shown = lanes.lanes.flatMap((lane): readonly LaneInfo[] => {
    if (seen.has(lane.thread_id)) return [lane];
    seen.add(lane.thread_id);
    if (!unfolded.includes(lane.thread_id)) return [lane];
    return [lane, ...ops.filter(({ thread_id }) => thread_id === lane.thread_id).map(laneOf)];
  });
  return { ...lanes, lanes: shown };
}

function laneOf(ops: OpLane): LaneInfo {
  const { lane, process, thread_id, label, rows, events } = ops;
  return { lane, process, thread_id, label, suspendable: false, rows, calls: events, ops };
}

/** Where a thread's ops can be unfolded: the first lane of each thread that has any. */
export function unfoldable(lanes: readonly LaneInfo[], ops: readonly OpLane[]): ReadonlySet<number> {
  const withOps = new Set(ops.map(({ thread_id }) => thread_id));
  const first = new Map<number, number>();
  for (const { lane, thread_id, ops: isOps } of lanes) {
    if (!isOps && withOps.has(thread_id) && !first.has(thread_id)) first.set(thread_id, lane);
  }
  return new Set(first.values());
}

/** Slices of ops, with numbers for names and styles that are theirs alone. */
export function slicesOfOps(slices: Slices): Slices {
  return {
    ...slices,
    functionId: slices.functionId.map(opNameId),
    mode: slices.mode.map(codeOfPart),
  };
}

/** The stretches of time in which the profiler ran. */
export function profiledWindows(profiles: readonly FoundProfile[]): readonly TimeWindow[] {
  return profiles.flatMap(({ begin_ns, end_ns }) =>
    begin_ns === null || end_ns === null || end_ns <= begin_ns ? [] : [{ beginNs: begin_ns, endNs: end_ns }],
  );
}
