/** What to draw of a lane now: the right tiles where they are there, the nearest other level where they are not. */

import type { TimeWindow } from "../lib/urlState";
import type { Tile, TileCache } from "./tileCache";
import { tileRange, tileWindow } from "./tiles";

/** A tile, and the part of it to draw. Pieces of a lane are in order of time and do not overlap. */
export interface Piece {
  readonly tile: Tile;
  readonly beginNs: number;
  readonly endNs: number;
}

const COARSER_LEVELS = 12;
const FINER_LEVELS = 3;

export function planLane(cache: TileCache, lane: number, level: number, visible: TimeWindow): readonly Piece[] {
  const pieces: Piece[] = [];
  const { first, last } = tileRange(level, visible);
  for (let index = first; index <= last; index++) {
    const own = tileWindow(level, index);
    const clip = {
      beginNs: Math.max(own.beginNs, visible.beginNs),
      endNs: Math.min(own.endNs, visible.endNs),
    };
    addPiece(cache, lane, level, index, clip, pieces);
  }
  return pieces;
}

function addPiece(cache: TileCache, lane: number, level: number, index: number, clip: TimeWindow, out: Piece[]): void {
  const exact = cache.get({ lane, level, index });
  if (exact) {
    out.push({ tile: exact, ...clip });
    return;
  }
  if (addFiner(cache, lane, level, index, clip, FINER_LEVELS, out)) return;
  for (let up = 1; up <= COARSER_LEVELS; up++) {
    const tile = cache.get({ lane, level: level + up, index: Math.floor(index / 2 ** up) });
    if (tile) {
      out.push({ tile, ...clip });
      return;
    }
  }
}

/** Adds the tile's two halves if both are there, from whichever finer level has them. */
function addFiner(
  cache: TileCache,
  lane: number,
  level: number,
  index: number,
  clip: TimeWindow,
  depth: number,
  out: Piece[],
): boolean {
  if (level === 0 || depth === 0) return false;
  const found: Piece[] = [];
  for (const half of [2 * index, 2 * index + 1]) {
    const own = tileWindow(level - 1, half);
    const part = { beginNs: Math.max(own.beginNs, clip.beginNs), endNs: Math.min(own.endNs, clip.endNs) };
    if (part.beginNs >= part.endNs) continue;
    const tile = cache.get({ lane, level: level - 1, index: half });
    if (tile) found.push({ tile, ...part });
    else if (!addFiner(cache, lane, level - 1, half, part, depth - 1, found)) return false;
  }
  out.push(...found);
  return true;
}
