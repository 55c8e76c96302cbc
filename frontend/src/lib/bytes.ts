import { MISSING } from "./time";

/** Sizes as people read them, and the ticks of an axis of sizes. Decimal units: 1 MB is a million bytes. */

const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** A size with three significant digits: `512 B`, `1.05 MB`, `−64 MB`; what was not recorded is a dash. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return MISSING;
  if (bytes < 0) return `−${formatBytes(-bytes)}`;
  let value = bytes;
  let unit = 0;
  // 999.6 KB would be written as 1000 KB.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${digits(value, unit)} ${UNITS[unit] ?? ""}`;
}

/** Round values from 0 up to `mostBytes`, about `count` of them: 1, 2 or 5 times a power of ten apart. */
export function byteTicks(mostBytes: number, count: number): readonly number[] {
  if (!(mostBytes > 0) || count < 1) return [0];
  const least = mostBytes / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= least) ?? 1);
  const result: number[] = [];
  for (let value = 0; value <= mostBytes; value += step) result.push(value);
  return result;
}

function digits(value: number, unit: number): string {
  if (unit === 0) return String(Math.round(value));
  const fixed = value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}
