/** What the jump keys lead to: every trace and error in order of time, and the longest calls one after the other. */

import type { RunEvents } from "../api/types";
import type { CallReference } from "../lib/urlState";

export const JUMP_KINDS = ["trace", "error", "longest"] as const;
export type JumpKind = (typeof JUMP_KINDS)[number];

export interface Target {
  /** null: it belongs to no recorded call. */
  readonly call: CallReference | null;
  /** null: the call tells. */
  readonly timeNs: number | null;
}

export function targetsOf(events: RunEvents): Readonly<Record<JumpKind, readonly Target[]>> {
  return {
    trace: targets(events.traces, events.traces.start_ns),
    error: targets(events.errors, events.errors.time_ns),
    longest: targets(events.longest, null),
  };
}

function targets(
  { process, call_id }: { readonly process: readonly number[]; readonly call_id: readonly (number | null)[] },
  timesNs: readonly number[] | null,
): readonly Target[] {
  return call_id.map((callId, index) => ({
    call: callId === null ? null : { process: process[index] ?? 0, callId },
    timeNs: timesNs?.[index] ?? null,
  }));
}

/**
 * The place of the next (`step` 1) or previous (-1) target; after the last comes the first. -1 if there is none.
 *
 * @param from where the last jump led; null before the first one, which then leads to what is at `timeNs` or after.
 */
export function nextPlace(targets: readonly Target[], from: number | null, step: 1 | -1, timeNs: number): number {
  if (targets.length === 0) return -1;
  if (from !== null) return (from + step + targets.length) % targets.length;
  const after = targets.findIndex((target) => (target.timeNs ?? -Infinity) >= timeNs);
  if (step > 0) return Math.max(0, after);
  return (after <= 0 ? targets.length : after) - 1;
}
