export interface Interval {
  readonly group: number;
  readonly startNs: number;
  readonly endNs: number;
}

/** How long at least one interval lasted, summed over groups: a trace inside a trace is not counted twice. */
export function unionNs(intervals: readonly Interval[]): number {
  const sorted = [...intervals].sort((a, b) => a.group - b.group || a.startNs - b.startNs);
  let total = 0;
  let group: number | null = null;
  let endNs = -Infinity;
  for (const interval of sorted) {
    if (interval.group !== group) {
      group = interval.group;
      endNs = -Infinity;
    }
    if (interval.endNs <= endNs) continue;
    total += interval.endNs - Math.max(interval.startNs, endNs);
    endNs = interval.endNs;
  }
  return total;
}
