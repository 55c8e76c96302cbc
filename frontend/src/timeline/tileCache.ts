import type { Slices } from "../api/slices";
import { tileKey, tileWindow, type TileId } from "./tiles";

/** The slices of one tile, with where each row begins among them. */
export interface Tile {
  readonly id: TileId;
  readonly beginNs: number;
  readonly endNs: number;
  readonly slices: Slices;
  /** Row r is slices `rowStarts[r]` to `rowStarts[r + 1]`. */
  readonly rowStarts: Uint32Array;
}

export function makeTile(id: TileId, slices: Slices): Tile {
  const rows = slices.count > 0 ? (slices.row[slices.count - 1] ?? 0) + 1 : 0;
  const rowStarts = new Uint32Array(rows + 1);
  let row = 0;
  for (let index = 0; index < slices.count; index++) {
    const sliceRow = slices.row[index] ?? 0;
    while (row < sliceRow) rowStarts[++row] = index;
  }
  while (row < rows) rowStarts[++row] = slices.count;
  return { id, ...tileWindow(id.level, id.index), slices, rowStarts };
}

interface Entry {
  readonly tile: Tile;
  readonly revision: string;
}

/** Rough weight of a tile that holds nothing, so that empty ones are forgotten too. */
const TILE_WEIGHT_SLICES = 256;

/**
 * Tiles by place and level; the least recently used are forgotten first.
 *
 * A tile of an older revision stays to be drawn until its newer one arrives, so that a run that is being recorded does not flicker.
 */
export class TileCache {
  readonly #entries = new Map<string, Entry>();
  #weight = 0;

  constructor(private readonly maxSlices = 3_000_000) {}

  get size(): number {
    return this.#entries.size;
  }

  get(id: TileId): Tile | null {
    const key = tileKey(id);
    const entry = this.#entries.get(key);
    if (!entry) return null;
    // A Map keeps the order of insertion: what is put back last is evicted last.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.tile;
  }

  /** Whether the tile is there as of `revision`; does not count as use. */
  isFresh(id: TileId, revision: string): boolean {
    return this.#entries.get(tileKey(id))?.revision === revision;
  }

  /** @param revision the one that was asked for: the answer may already be of a newer one, which is no reason to ask again. */
  put(tile: Tile, revision: string): void {
    const key = tileKey(tile.id);
    this.#remove(key);
    this.#entries.set(key, { tile, revision });
    this.#weight += weightOf(tile);
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.maxSlices || oldest === key) break;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#weight -= weightOf(entry.tile);
  }
}

function weightOf(tile: Tile): number {
  return tile.slices.count + TILE_WEIGHT_SLICES;
}
