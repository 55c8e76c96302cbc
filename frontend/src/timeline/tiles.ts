/** Time cut into tiles: at level k a tile covers TILE_BUCKETS buckets of 2^k nanoseconds, aligned. */

import type { TimeWindow } from "../lib/urlState";

export const TILE_BUCKETS = 2048;
const MAX_LEVEL = 52;
/** Beyond what is on screen no more is asked for than makes up so many requests with it. */
const MOST_WANTED = 4;

export interface TileId {
  readonly lane: number;
  readonly level: number;
  readonly index: number;
}

/** The coarsest level whose buckets are not wider than a pixel. */
export function levelFor(timePerPxNs: number): number {
  if (!(timePerPxNs > 1)) return 0;
  return Math.min(MAX_LEVEL, Math.floor(Math.log2(timePerPxNs)));
}

export function resolutionNs(level: number): number {
  return 2 ** level;
}

export function tileSpanNs(level: number): number {
  return TILE_BUCKETS * resolutionNs(level);
}

export function tileWindow(level: number, index: number): TimeWindow {
  const span = tileSpanNs(level);
  return { beginNs: index * span, endNs: (index + 1) * span };
}

/** The first and last index of the tiles that overlap `[beginNs, endNs)`. */
export function tileRange(level: number, window: TimeWindow): { readonly first: number; readonly last: number } {
  const span = tileSpanNs(level);
  const first = Math.floor(window.beginNs / span);
  return { first, last: Math.max(first, Math.ceil(window.endNs / span) - 1) };
}

export function tileKey(id: TileId): string {
  return `${id.lane}/${id.level}/${id.index}`;
}

/** Tiles of several lanes that cover the same time: they are asked for at once. */
export interface TileGroup {
  readonly level: number;
  readonly index: number;
  readonly lanes: readonly number[];
}

/**
 * The tiles a screen needs, in the order to fetch them: what is on screen first, then a screen to either side.
 *
 * @param data what lies outside holds no calls, and is not asked for.
 */
export function wantedTiles(
  lanes: readonly number[],
  level: number,
  visible: TimeWindow,
  data: TimeWindow,
): readonly TileGroup[] {
  const span = visible.endNs - visible.beginNs;
  const limits = tileRange(level, { beginNs: data.beginNs, endNs: data.endNs + 1 });
  const inner = tileRange(level, visible);
  const outer = tileRange(level, { beginNs: visible.beginNs - span, endNs: visible.endNs + span });
  const order: number[] = [];
  for (let index = inner.first; index <= inner.last; index++) order.push(index);
  for (let step = 1; inner.first - step >= outer.first || inner.last + step <= outer.last; step++) {
    if (inner.last + step <= outer.last) order.push(inner.last + step);
    if (inner.first - step >= outer.first) order.push(inner.first - step);
  }
  const within = order.filter((index) => index >= limits.first && index <= limits.last);
  const onScreen = within.filter((index) => index >= inner.first && index <= inner.last).length;
  return within.slice(0, Math.max(onScreen, MOST_WANTED)).map((index) => ({ level, index, lanes }));
}
