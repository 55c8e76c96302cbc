/** Times as people read them, and the ticks of a time axis. */

export const NS_PER_US = 1_000;
export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

/** What stands where a value was not recorded. */
export const MISSING = "–";

interface Unit {
  readonly suffix: string;
  readonly ns: number;
}

const UNITS: readonly Unit[] = [
  { suffix: "s", ns: NS_PER_S },
  { suffix: "ms", ns: NS_PER_MS },
  { suffix: "µs", ns: NS_PER_US },
  { suffix: "ns", ns: 1 },
];
const NANOSECONDS: Unit = { suffix: "ns", ns: 1 };

/** A duration with three significant digits, halves up, as tfmodetrace/insight/units.py writes it: `1.23 ms`, `45.6 s`, `2 min 5 s`. */
export function formatDuration(durationNs: number | null | undefined): string {
  if (durationNs === null || durationNs === undefined || !Number.isFinite(durationNs)) return MISSING;
  if (durationNs < 0) return `−${formatDuration(-durationNs)}`;
  if (durationNs >= 60 * NS_PER_S) return formatMinutes(durationNs);
  for (const [index, unit] of UNITS.entries()) {
    if (durationNs < unit.ns && unit.ns > 1) continue;
    const text = threeDigits(durationNs, unit.ns);
    // 999.9996 µs rounds to 1000 µs, which people write as 1 ms.
    const larger = UNITS[index - 1];
    if (text === "1000" && larger) return `1 ${larger.suffix}`;
    return `${text} ${unit.suffix}`;
  }
  return "0 ns";
}

/** A point in time, exact enough to tell it from its neighbours `resolutionNs` away. */
export function formatTimestamp(timeNs: number, resolutionNs: number): string {
  const unit = unitOf(Math.max(Math.abs(timeNs), resolutionNs));
  return `${(timeNs / unit.ns).toFixed(decimals(resolutionNs, unit))} ${unit.suffix}`;
}

export interface Tick {
  readonly timeNs: number;
  readonly label: string;
}

/** The smallest step of 1, 2 or 5 times a power of ten that is at least `atLeastNs`, and at least one nanosecond. */
export function tickStepNs(atLeastNs: number): number {
  if (!(atLeastNs > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(atLeastNs));
  for (const factor of [1, 2, 5, 10]) {
    // A hair of tolerance: log10 and powers of ten are not exact.
    if (factor * power >= atLeastNs * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

/** Ticks in `[beginNs, endNs]`, none closer than `minStepNs`, all in one unit. */
export function ticks(beginNs: number, endNs: number, minStepNs: number): readonly Tick[] {
  if (!(endNs > beginNs)) return [];
  const stepNs = Math.max(tickStepNs(minStepNs), tickStepNs((endNs - beginNs) / 1000));
  const unit = unitOf(Math.max(Math.abs(beginNs), Math.abs(endNs)));
  const digits = decimals(stepNs, unit);
  const result: Tick[] = [];
  const last = Math.floor(endNs / stepNs);
  for (let index = Math.ceil(beginNs / stepNs); index <= last; index++) {
    const timeNs = index * stepNs;
    result.push({ timeNs, label: index === 0 ? "0" : `${(timeNs / unit.ns).toFixed(digits)} ${unit.suffix}` });
  }
  return result;
}

export interface Axis {
  /** What to add to every label; null: the labels are whole. */
  readonly base: string | null;
  readonly ticks: readonly Tick[];
}

/** Beyond this many decimals a label is mostly digits that all labels share. */
const MAX_LABEL_DECIMALS = 4;

/** Ticks whose labels stay short: deep inside a long run they are relative to a base that is named once. */
export function axis(beginNs: number, endNs: number, minStepNs: number): Axis {
  const whole = ticks(beginNs, endNs, minStepNs);
  const stepNs = tickStepNs(minStepNs);
  const unit = unitOf(Math.max(Math.abs(beginNs), Math.abs(endNs)));
  if (beginNs < 0 || decimals(stepNs, unit) <= MAX_LABEL_DECIMALS) return { base: null, ticks: whole };
  const baseStepNs = Math.max(1000, 10 ** Math.ceil(Math.log10(endNs - beginNs)));
  const baseNs = Math.floor(beginNs / baseStepNs) * baseStepNs;
  if (baseNs === 0) return { base: null, ticks: whole };
  const relative = ticks(beginNs - baseNs, endNs - baseNs, minStepNs);
  return {
    base: formatTimestamp(baseNs, baseStepNs),
    ticks: relative.map(({ timeNs, label }) => ({ timeNs: baseNs + timeNs, label: `+${label}` })),
  };
}

function unitOf(magnitudeNs: number): Unit {
  return UNITS.find((unit) => magnitudeNs >= unit.ns) ?? NANOSECONDS;
}

function decimals(stepNs: number, unit: Unit): number {
  return Math.min(9, Math.max(0, Math.ceil(Math.log10(unit.ns / stepNs) - 1e-9)));
}

function threeDigits(valueNs: number, unitNs: number): string {
  const scale = valueNs >= 100 * unitNs ? 1 : valueNs >= 10 * unitNs ? 10 : 100;
  // Not toFixed(), for which 1.125 is a little less or more than it is.
  return String(Math.floor((valueNs * scale) / unitNs + 0.5) / scale);
}

function formatMinutes(durationNs: number): string {
  const seconds = Math.floor(durationNs / NS_PER_S + 0.5);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  return hours > 0 ? `${hours} h ${minutes} min` : rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`;
}
