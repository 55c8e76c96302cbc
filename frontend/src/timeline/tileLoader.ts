import { isAbort } from "../api/client";
import type { Slices } from "../api/slices";
import { makeTile, type TileCache } from "./tileCache";
import { tileKey, type TileGroup, type TileId } from "./tiles";

/** Gets the tiles of a group, by lane. */
export type FetchTiles = (group: TileGroup, signal: AbortSignal) => Promise<ReadonlyMap<number, Slices>>;

export interface LoaderEvents {
  readonly loaded: () => void;
  readonly failed: (error: unknown) => void;
}

/** Browsers open six connections to a host; one is left for everything else. */
const MAX_IN_FLIGHT = 5;
const RETRY_AFTER_MS = 3000;

/** Fetches what is wanted now, the first of the list first, and cancels what no longer is. */
export class TileLoader {
  readonly #inFlight = new Map<AbortController, ReadonlySet<string>>();
  readonly #failedAtMs = new Map<string, number>();
  #queue: readonly TileGroup[] = [];
  #revision = "";

  constructor(
    private readonly cache: TileCache,
    private readonly fetchTiles: FetchTiles,
    private readonly events: LoaderEvents,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** How many requests have not been answered, or not even been sent. */
  get pending(): number {
    return this.#inFlight.size + this.#queue.length;
  }

  want(groups: readonly TileGroup[], revision: string): void {
    if (revision !== this.#revision) {
      this.cancel();
      this.#failedAtMs.clear();
      this.#revision = revision;
    }
    const missing = groups.map((group) => withLanes(group, (id) => !this.#isThereOrFailed(id)));
    const keys = new Set(missing.flatMap(idsOf).map(tileKey));
    for (const [controller, asked] of this.#inFlight) {
      if ([...asked].some((key) => keys.has(key))) continue;
      this.#inFlight.delete(controller);
      controller.abort();
    }
    const asked = new Set([...this.#inFlight.values()].flatMap((own) => [...own]));
    this.#queue = missing
      .map((group) => withLanes(group, (id) => !asked.has(tileKey(id))))
      .filter(({ lanes }) => lanes.length > 0);
    this.#pump();
  }

  cancel(): void {
    for (const controller of this.#inFlight.keys()) controller.abort();
    this.#inFlight.clear();
    this.#queue = [];
  }

  #isThereOrFailed(id: TileId): boolean {
    if (this.cache.isFresh(id, this.#revision)) return true;
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

  async #load(group: TileGroup): Promise<void> {
    const controller = new AbortController();
    const ids = idsOf(group);
    const revision = this.#revision;
    this.#inFlight.set(controller, new Set(ids.map(tileKey)));
    try {
      const found = await this.fetchTiles(group, controller.signal);
      if (controller.signal.aborted) return;
      for (const id of ids) {
        const slices = found.get(id.lane);
        if (!slices) throw new Error(`TensorBoard's answer lacks the lane ${id.lane} of the timeline.`);
        this.cache.put(makeTile(id, slices), revision);
        this.#failedAtMs.delete(tileKey(id));
      }
      this.#inFlight.delete(controller);
      this.events.loaded();
    } catch (error) {
      if (controller.signal.aborted || isAbort(error)) return;
      for (const id of ids) this.#failedAtMs.set(tileKey(id), this.nowMs());
      this.#inFlight.delete(controller);
      this.events.failed(error);
    } finally {
      this.#inFlight.delete(controller);
      this.#pump();
    }
  }
}

function idsOf({ level, index, lanes }: TileGroup): readonly TileId[] {
  return lanes.map((lane) => ({ lane, level, index }));
}

function withLanes(group: TileGroup, wanted: (id: TileId) => boolean): TileGroup {
  return {
    ...group,
    lanes: idsOf(group)
      .filter(wanted)
      .map(({ lane }) => lane),
  };
}
