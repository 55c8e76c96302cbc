/** Finding slices in what is on screen. Within a row neither starts nor ends go back, so bisection finds them. */

import { FLAG_RAISED, type Slices } from "../api/slices";
import type { Piece } from "./plan";
import type { Tile } from "./tileCache";

/** One slice, taken out of its columns. */
export interface SliceInfo {
  readonly lane: number;
  readonly row: number;
  readonly startNs: number;
  readonly durationNs: number;
  /** null: several calls merged into one slice. */
  readonly callId: number | null;
  readonly functionId: number;
  readonly traceId: number | null;
  readonly calls: number;
  readonly modeCode: number;
  readonly raised: boolean;
}

export function sliceAt(tile: Tile, index: number): SliceInfo {
  const { slices } = tile;
  const callId = slices.callId[index] ?? -1;
  const traceId = slices.traceId[index] ?? -1;
  return {
    lane: tile.id.lane,
    row: slices.row[index] ?? 0,
    startNs: slices.startNs[index] ?? 0,
    durationNs: slices.durationNs[index] ?? 0,
    callId: callId < 0 ? null : callId,
    functionId: slices.functionId[index] ?? -1,
    traceId: traceId < 0 ? null : traceId,
    calls: slices.calls[index] ?? 1,
    modeCode: slices.mode[index] ?? 0,
    raised: ((slices.flags[index] ?? 0) & FLAG_RAISED) !== 0,
  };
}

/** The first slice in `[low, high)` that ends after `timeNs`. */
export function firstEndingAfter(slices: Slices, low: number, high: number, timeNs: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    const startNs = slices.startNs[middle] ?? 0;
    // A call without duration lies where it starts.
    if (startNs + (slices.durationNs[middle] ?? 0) > timeNs || startNs >= timeNs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Visits the slices of a lane that are on screen, each once however many pieces it crosses.
 *
 * A slice belongs to the piece it starts in; the leftmost piece also has those that started before it.
 */
export function forEachVisible(pieces: readonly Piece[], visit: (tile: Tile, index: number) => void): void {
  for (const [order, piece] of pieces.entries()) {
    const { tile } = piece;
    const { slices, rowStarts } = tile;
    const previous = pieces[order - 1];
    const continues = previous?.endNs === piece.beginNs;
    for (let row = 0; row + 1 < rowStarts.length; row++) {
      const last = rowStarts[row + 1] ?? 0;
      for (let index = firstEndingAfter(slices, rowStarts[row] ?? 0, last, piece.beginNs); index < last; index++) {
        const startNs = slices.startNs[index] ?? 0;
        if (startNs >= piece.endNs) break;
        if (continues && startNs < piece.beginNs) continue;
        visit(tile, index);
      }
    }
  }
}

/** The slice of a row at `timeNs`, or the nearest one within `toleranceNs`. */
export function findSlice(
  pieces: readonly Piece[],
  row: number,
  timeNs: number,
  toleranceNs: number,
): SliceInfo | null {
  let best: SliceInfo | null = null;
  let bestDistanceNs = Infinity;
  for (const { tile, beginNs, endNs } of pieces) {
    if (timeNs + toleranceNs < beginNs || timeNs - toleranceNs > endNs) continue;
    if (row + 1 >= tile.rowStarts.length) continue;
    const low = tile.rowStarts[row] ?? 0;
    const high = tile.rowStarts[row + 1] ?? 0;
    const candidate = firstEndingAfter(tile.slices, low, high, timeNs - toleranceNs);
    for (let index = candidate; index < high; index++) {
      const startNs = tile.slices.startNs[index] ?? 0;
      if (startNs > timeNs + toleranceNs) break;
      const endNs = startNs + (tile.slices.durationNs[index] ?? 0);
      const distanceNs = timeNs < startNs ? startNs - timeNs : timeNs > endNs ? timeNs - endNs : 0;
      if (distanceNs < bestDistanceNs) {
        best = sliceAt(tile, index);
        bestDistanceNs = distanceNs;
      }
    }
  }
  return best;
}

/** The next (`step` 1) or previous (`step` -1) slice of the same row among what is on screen. */
export function neighbour(pieces: readonly Piece[], row: number, startNs: number, step: 1 | -1): SliceInfo | null {
  let best: SliceInfo | null = null;
  forEachVisible(pieces, (tile, index) => {
    if (tile.slices.row[index] !== row) return;
    const candidateNs = tile.slices.startNs[index] ?? 0;
    const further = step > 0 ? candidateNs > startNs : candidateNs < startNs;
    if (!further) return;
    if (best === null || (step > 0 ? candidateNs < best.startNs : candidateNs > best.startNs))
      best = sliceAt(tile, index);
  });
  return best;
}
