/** Lines over time as SVG paths: values hold until the next point. */

export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface Extent {
  readonly beginNs: number;
  readonly endNs: number;
  readonly most: number;
}

export function extentOf(times: readonly (readonly number[])[], values: readonly (readonly number[])[]): Extent {
  let [beginNs, endNs, most] = [Infinity, -Infinity, 0];
  for (const time of times.flat()) [beginNs, endNs] = [Math.min(beginNs, time), Math.max(endNs, time)];
  for (const value of values.flat()) most = Math.max(most, value);
  if (!(endNs > beginNs)) [beginNs, endNs] = [Math.min(beginNs, 0), Math.max(endNs, 1)];
  return { beginNs: Number.isFinite(beginNs) ? beginNs : 0, endNs, most: most * 1.08 || 1 };
}

export function xOf(timeNs: number, extent: Extent, box: Box): number {
  return ((timeNs - extent.beginNs) / (extent.endNs - extent.beginNs)) * box.width;
}

export function yOf(value: number, extent: Extent, box: Box): number {
  return box.height - (value / extent.most) * box.height;
}

/** A stepped line through the points; with `closed`, the area below it. */
export function stepPath(
  times: readonly number[],
  values: readonly number[],
  extent: Extent,
  box: Box,
  closed = false,
): string {
  const parts: string[] = [];
  let lastX = 0;
  for (const [index, time] of times.entries()) {
    const value = values[index];
    if (value === undefined) break;
    // A single value is all that is known: it is drawn over the whole time.
    const x = times.length === 1 ? 0 : round(xOf(time, extent, box));
    const y = round(yOf(value, extent, box));
    parts.push(index === 0 ? (closed ? `M${x} ${box.height}V${y}` : `M${x} ${y}`) : `H${x}V${y}`);
    lastX = x;
  }
  if (parts.length === 0) return "";
  const end = Math.max(lastX, box.width);
  return `${parts.join("")}H${round(end)}${closed ? `V${box.height}Z` : ""}`;
}

/** The index of the last point at or before a time; the first one's if there is none; -1 without points. */
export function indexAt(times: readonly number[], timeNs: number): number {
  let [low, high] = [0, times.length - 1];
  if (high < 0) return -1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((times[middle] ?? Infinity) <= timeNs) low = middle;
    else high = middle - 1;
  }
  return low;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
