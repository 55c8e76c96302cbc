import { isAbort } from "../api/client";
import type { Slices } from "../api/slices";
import { makeTile, type Tile, type TileCache } from "./tileCache";
import { tileKey, type TileId } from "./tiles";

export type FetchTile = (id: TileId, signal: AbortSignal) => Promise<Slices>;

export interface LoaderEvents {
  readonly loaded: (tile: Tile) => void;
  readonly failed: (error: unknown) => void;
}

/** Browsers open six connections to a host; one is left for everything else. */
const MAX_IN_FLIGHT = 5;
const RETRY_AFTER_MS = 3000;

/** Fetches what is wanted now, the first of the list first, and cancels what no longer is. */
export class TileLoader {
  readonly #inFlight = new Map<string, AbortController>();
  readonly #failedAtMs = new Map<string, number>();
  #queue: readonly TileId[] = [];
  #revision = "";

  constructor(
    private readonly cache: TileCache,
    private readonly fetchTile: FetchTile,
    private readonly events: LoaderEvents,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get pending(): number {
    return this.#inFlight.size + this.#queue.length;
  }

  want(ids: readonly TileId[], revision: string): void {
    if (revision !== this.#revision) {
      this.cancel();
      this.#failedAtMs.clear();
      this.#revision = revision;
    }
    const missing = ids.filter((id) => !this.cache.isFresh(id, revision) && !this.#failedLately(id));
    const keys = new Set(missing.map(tileKey));
    for (const [key, controller] of this.#inFlight) {
      if (keys.has(key)) continue;
      this.#inFlight.delete(key);
      controller.abort();
    }
    this.#queue = missing.filter((id) => !this.#inFlight.has(tileKey(id)));
    this.#pump();
  }

  cancel(): void {
    for (const controller of this.#inFlight.values()) controller.abort();
    this.#inFlight.clear();
    this.#queue = [];
  }

  #failedLately(id: TileId): boolean {
    const failedAt = this.#failedAtMs.get(tileKey(id));
    return failedAt !== undefined && this.nowMs() - failedAt < RETRY_AFTER_MS;
  }

  #pump(): void {
    while (this.#inFlight.size < MAX_IN_FLIGHT) {
      const [next, ...rest] = this.#queue;
      if (!next) return;
      this.#queue = rest;
      void this.#load(next);
    }
  }

  async #load(id: TileId): Promise<void> {
    const key = tileKey(id);
    const controller = new AbortController();
    const revision = this.#revision;
    this.#inFlight.set(key, controller);
    try {
      const slices = await this.fetchTile(id, controller.signal);
      if (controller.signal.aborted) return;
      const tile = makeTile(id, slices);
      this.cache.put(tile, revision);
      this.#failedAtMs.delete(key);
      this.#inFlight.delete(key);
      this.events.loaded(tile);
    } catch (error) {
      if (controller.signal.aborted || isAbort(error)) return;
      this.#failedAtMs.set(key, this.nowMs());
      this.#inFlight.delete(key);
      this.events.failed(error);
    } finally {
      if (this.#inFlight.get(key) === controller) this.#inFlight.delete(key);
      this.#pump();
    }
  }
}
