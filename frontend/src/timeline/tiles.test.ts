import { describe, expect, test, vi } from "vitest";
import type { Slices } from "../api/slices";
import { slices } from "../testing/slices";
import { packInstances } from "./glInstances";
import { planLane } from "./plan";
import { findSlice, forEachVisible, neighbour } from "./query";
import { TileCache, makeTile } from "./tileCache";
import { TileLoader } from "./tileLoader";
import {
  TILE_BUCKETS,
  levelFor,
  resolutionNs,
  tileKey,
  tileRange,
  tileWindow,
  wantedTiles,
  type TileGroup,
} from "./tiles";

const EMPTY = slices([]);

function tile(level: number, index: number, rows: Parameters<typeof slices>[0] = [], lane = 0) {
  return makeTile({ lane, level, index }, slices(rows));
}

describe("levels and tiles", () => {
  test("a bucket is a power of two, at most a pixel and more than half of one", () => {
    for (const timePerPxNs of [0.01, 1, 1.99, 2, 3, 1000, 1e6 + 0.5]) {
      const bucketNs = resolutionNs(levelFor(timePerPxNs));
      expect(Number.isInteger(Math.log2(bucketNs))).toBe(true);
      if (timePerPxNs >= 1) {
        expect(bucketNs).toBeLessThanOrEqual(timePerPxNs);
        expect(bucketNs).toBeGreaterThan(timePerPxNs / 2);
      }
    }
  });

  test("tiles cover a window without gap or overlap", () => {
    const { first, last } = tileRange(3, { beginNs: -5, endNs: 40_000 });
    expect(tileWindow(3, first).beginNs).toBeLessThanOrEqual(-5);
    expect(tileWindow(3, last).endNs).toBeGreaterThanOrEqual(40_000);
    for (let index = first; index < last; index++) {
      expect(tileWindow(3, index).endNs).toBe(tileWindow(3, index + 1).beginNs);
    }
  });

  test("keys tell lane, level and index apart", () => {
    const keys = [
      { lane: 1, level: 2, index: 3 },
      { lane: 1, level: 23, index: 3 },
      { lane: 12, level: 3, index: 3 },
      { lane: 1, level: 2, index: -3 },
    ].map(tileKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("what is on screen is fetched first, then a screen to either side, nothing outside the data", () => {
    const span = TILE_BUCKETS;
    const lanes = Array.from({ length: 25 }, (_, lane) => lane);
    const data = { beginNs: 0, endNs: 5 * span - 1 };
    const wanted = wantedTiles(lanes, 0, { beginNs: 2 * span, endNs: 4 * span }, data);
    expect(wanted.map(({ index }) => index)).toEqual([2, 3, 4, 1]);
    expect(wanted.every((group) => group.lanes === lanes)).toBe(true);
    expect(wantedTiles(lanes, 0, data, data).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(wantedTiles(lanes, 0, { beginNs: 4 * span, endNs: 6 * span }, data).map(({ index }) => index)).toEqual([
      4, 3, 2,
    ]);
  });
});

describe("makeTile", () => {
  test("finds where rows begin, also of rows without slices", () => {
    const made = tile(0, 0, [
      { startNs: 0, durationNs: 1, row: 1 },
      { startNs: 2, durationNs: 1, row: 1 },
      { startNs: 0, durationNs: 1, row: 3 },
    ]);
    expect([...made.rowStarts]).toEqual([0, 0, 2, 2, 3]);
  });
});

describe("TileCache", () => {
  test("forgets the least recently used beyond its size", () => {
    const cache = new TileCache(3 * 256);
    for (let index = 0; index < 3; index++) cache.put(tile(0, index), "1");
    cache.get({ lane: 0, level: 0, index: 0 });
    cache.put(tile(0, 3), "1");
    expect(cache.get({ lane: 0, level: 0, index: 1 })).toBeNull();
    expect(cache.get({ lane: 0, level: 0, index: 0 })).not.toBeNull();
    expect(cache.size).toBe(3);
  });

  test("a tile of an older revision is still there to draw, but not fresh", () => {
    const cache = new TileCache();
    const id = { lane: 0, level: 0, index: 0 };
    cache.put(tile(0, 0), "1");
    expect(cache.isFresh(id, "1")).toBe(true);
    expect(cache.isFresh(id, "2")).toBe(false);
    expect(cache.get(id)).not.toBeNull();
  });
});

describe("planLane", () => {
  const span = TILE_BUCKETS;
  const visible = { beginNs: 0, endNs: 4 * span };

  test("takes the right tiles where they are there", () => {
    const cache = new TileCache();
    for (const index of [0, 1]) cache.put(tile(1, index), "1");
    expect(planLane(cache, 0, 1, visible).map(({ tile: { id } }) => [id.level, id.index])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  test("fills what is missing from finer tiles, else from a coarser one, clipped to the gap", () => {
    const cache = new TileCache();
    cache.put(tile(0, 0), "1");
    cache.put(tile(0, 1), "1");
    cache.put(tile(4, 0), "1");
    const pieces = planLane(cache, 0, 1, visible);
    expect(pieces.map(({ tile: { id }, beginNs, endNs }) => [id.level, beginNs, endNs])).toEqual([
      [0, 0, span],
      [0, span, 2 * span],
      [4, 2 * span, 4 * span],
    ]);
  });

  test("draws nothing where nothing is there", () => {
    expect(planLane(new TileCache(), 0, 1, visible)).toEqual([]);
  });
});

describe("finding slices", () => {
  const span = TILE_BUCKETS;
  const long = { startNs: 100, durationNs: span, callId: 1, functionId: 7 };
  const cache = new TileCache();
  cache.put(
    tile(0, 0, [
      { startNs: 10, durationNs: 5, callId: 0, calls: 3 },
      long,
      { startNs: 120, durationNs: 9, row: 1, callId: 9 },
    ]),
    "1",
  );
  cache.put(tile(0, 1, [long, { startNs: span + 500, durationNs: 0, callId: 2 }]), "1");
  const pieces = planLane(cache, 0, 0, { beginNs: 0, endNs: 2 * span });

  test("a slice that crosses tiles is visited once", () => {
    const seen: number[] = [];
    forEachVisible(pieces, (from, index) => seen.push(from.slices.callId[index] ?? -1));
    expect(seen).toEqual([0, 1, 9, 2]);
  });

  test("a slice that began before the screen is visited all the same", () => {
    const seen: number[] = [];
    forEachVisible(planLane(cache, 0, 0, { beginNs: span, endNs: 2 * span }), (from, index) =>
      seen.push(from.slices.callId[index] ?? -1),
    );
    expect(seen).toEqual([1, 2]);
  });

  test("the slice at a time, or the nearest within reach", () => {
    expect(findSlice(pieces, 0, 12, 0)?.callId).toBe(0);
    expect(findSlice(pieces, 0, 40, 0)).toBeNull();
    expect(findSlice(pieces, 0, 40, 30)?.callId).toBe(0);
    expect(findSlice(pieces, 0, span + 50, 0)?.callId).toBe(1);
    expect(findSlice(pieces, 0, span + 502, 3)?.callId).toBe(2);
    expect(findSlice(pieces, 1, 125, 0)?.callId).toBe(9);
    expect(findSlice(pieces, 5, 125, 0)).toBeNull();
  });

  test("next and previous stay in the row", () => {
    expect(neighbour(pieces, 0, 10, 1)?.callId).toBe(1);
    expect(neighbour(pieces, 0, span + 500, -1)?.callId).toBe(1);
    expect(neighbour(pieces, 0, span + 500, 1)).toBeNull();
  });
});

test("WebGL gets times relative to the tile, so that float32 keeps single nanoseconds far from zero", () => {
  const { beginNs } = tileWindow(0, 2 ** 35);
  const far = tile(0, 2 ** 35, [
    { startNs: beginNs + 1001, durationNs: 1, traceId: 4, flags: 1, mode: 2, functionId: 3 },
    { startNs: beginNs - 1e12, durationNs: 1e13, row: 6 },
  ]);
  const packed = packInstances(far, new Set([3]));
  const floats = new Float32Array(packed);
  expect([floats[0], floats[1]]).toEqual([1001, 1002]);
  expect([...new Uint8Array(packed, 12, 3)]).toEqual([2, 3, 0]);
  expect(floats[4]).toBe(-TILE_BUCKETS);
  expect(floats[5]).toBe(2 * TILE_BUCKETS);
  expect(new Uint16Array(packed)[12]).toBe(6);
  expect(new Uint8Array(packed)[30]).toBe(1);
});

describe("TileLoader", () => {
  const groups = (...indexes: number[]) => indexes.map((index): TileGroup => ({ lanes: [0], level: 0, index }));

  function setUp() {
    const cache = new TileCache();
    const waiting = new Map<
      number,
      {
        readonly lanes: readonly number[];
        readonly resolve: (slices: ReadonlyMap<number, Slices>) => void;
        readonly reject: (error: unknown) => void;
        readonly signal: AbortSignal;
      }
    >();
    const events = { loaded: vi.fn(), failed: vi.fn() };
    let nowMs = 0;
    const loader = new TileLoader(
      cache,
      ({ index, lanes }, signal) =>
        new Promise((resolve, reject) => {
          waiting.set(index, { lanes, resolve, reject, signal });
        }),
      events,
      () => nowMs,
    );
    return { cache, waiting, events, loader, advance: (byMs: number) => (nowMs += byMs) };
  }

  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  const nothing = new Map([[0, EMPTY]]);

  test("loads what is wanted, in order, a few at a time", async () => {
    const { loader, waiting, events, cache } = setUp();
    loader.want(groups(0, 1, 2, 3, 4, 5, 6), "1");
    expect([...waiting.keys()]).toEqual([0, 1, 2, 3, 4]);
    waiting.get(0)?.resolve(nothing);
    await settled();
    expect([...waiting.keys()]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(events.loaded).toHaveBeenCalledTimes(1);
    expect(cache.isFresh({ lane: 0, level: 0, index: 0 }, "1")).toBe(true);
    expect(loader.pending).toBe(6);
  });

  test("asks once for many lanes, and for those alone that are not there", async () => {
    const { loader, waiting, cache } = setUp();
    const all = Array.from({ length: 25 }, (_, lane) => lane);
    loader.want([{ lanes: all.slice(0, 20), level: 0, index: 7 }], "1");
    expect(loader.pending).toBe(1);
    loader.want([{ lanes: all, level: 0, index: 7 }], "1");
    expect(loader.pending).toBe(2);
    expect(waiting.get(7)?.lanes).toEqual([20, 21, 22, 23, 24]);
    waiting.get(7)?.resolve(new Map(all.slice(20).map((lane) => [lane, EMPTY])));
    await settled();
    expect(all.filter((lane) => cache.isFresh({ lane, level: 0, index: 7 }, "1"))).toEqual(all.slice(20));
  });

  test("an answer that lacks a lane is a failure, which is told", async () => {
    const { loader, waiting, events } = setUp();
    loader.want([{ lanes: [0, 1], level: 0, index: 0 }], "1");
    waiting.get(0)?.resolve(nothing);
    await settled();
    expect(events.failed).toHaveBeenCalledTimes(1);
    expect(loader.pending).toBe(0);
  });

  test("cancels what is no longer wanted, and does not report it", async () => {
    const { loader, waiting, events } = setUp();
    loader.want(groups(0, 1), "1");
    loader.want(groups(1), "1");
    expect(waiting.get(0)?.signal.aborted).toBe(true);
    expect(waiting.get(1)?.signal.aborted).toBe(false);
    waiting.get(0)?.reject(new DOMException("", "AbortError"));
    await settled();
    expect(events.failed).not.toHaveBeenCalled();
    expect(loader.pending).toBe(1);
  });

  test("a new revision asks again", async () => {
    const { loader, waiting } = setUp();
    loader.want(groups(0), "1");
    waiting.get(0)?.resolve(nothing);
    await settled();
    waiting.clear();
    loader.want(groups(0), "1");
    expect(waiting.size).toBe(0);
    loader.want(groups(0), "2");
    expect(waiting.size).toBe(1);
  });

  test("a failure is reported once, and tried again only after a while", async () => {
    const { loader, waiting, events, advance } = setUp();
    loader.want(groups(0), "1");
    waiting.get(0)?.reject(new Error("no"));
    await settled();
    expect(events.failed).toHaveBeenCalledTimes(1);
    waiting.clear();
    loader.want(groups(0), "1");
    expect(waiting.size).toBe(0);
    advance(4000);
    loader.want(groups(0), "1");
    expect(waiting.size).toBe(1);
  });
});
