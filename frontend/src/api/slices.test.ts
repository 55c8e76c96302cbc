import { expect, test } from "vitest";
import { encode, slices } from "../testing/slices";
import { SlicesFormatError, decodeSlices } from "./slices";

const TWO = slices(
  [
    { startNs: 2 ** 52 + 1, durationNs: 5, callId: 2 ** 40, functionId: 3, traceId: 7, mode: 1, flags: 1 },
    { startNs: 20, durationNs: 0, row: 2, callId: -1, calls: 9, mode: 4 },
  ],
  "r17",
);

const encoded = (change?: Parameters<typeof encode>[2]) => encode(new Map([[3, TWO]]), 40, change);

test("what a server encodes is what the page reads", () => {
  expect(decodeSlices(encoded())).toEqual(new Map([[3, TWO]]));
});

test("lanes come apart again, also those that hold nothing", () => {
  let state = 1;
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
  for (const counts of [[0], [1], [0, 3, 0], [5, 7], [400, 1, 300]]) {
    const lanes = new Map(
      counts.map((count, lane) => {
        const rows = Array.from({ length: count }, (_, index) => ({
          startNs: index * 1e6 + random(1e6),
          durationNs: random(2 ** 30),
          row: Math.floor(index / 50),
          callId: random(3) === 0 ? -1 : random(2 ** 30),
          traceId: random(9) - 1,
          calls: 1 + random(300),
          functionId: random(70_000),
        }));
        return [lane, slices(rows, "r17")] as const;
      }),
    );
    const expected = new Map([...lanes].map(([lane, part]) => [lane, { ...part, revision: "r17" }]));
    expect(decodeSlices(encode(lanes, 12_345))).toEqual(expected);
  }
});

test("columns of a newer server are skipped", () => {
  const buffer = encoded((header) => {
    header.columns.push({ name: "temperature", type: "float16", base: 0, bytes: 2, offset: 0 });
    return header;
  });
  expect(decodeSlices(buffer).get(3)?.count).toBe(2);
});

const withColumns = (change: (column: Readonly<Record<string, unknown>>) => unknown) => () =>
  encoded((header) => ({ ...header, columns: header.columns.map((column) => change({ ...column })) }));

test.each([
  ["an empty answer", () => new ArrayBuffer(0), "ends before its header"],
  ["a header longer than the answer", () => new Uint8Array([255, 255, 0, 0, 1]).buffer, "longer than the answer"],
  ["a cut answer", () => encoded().slice(0, -8), "after the answer"],
  ["a header that is not JSON", () => new Uint8Array([4, 0, 0, 0, 1, 2, 3, 4]).buffer, "not JSON"],
  ["a header that is a list", () => encoded(() => [1]), "not an object"],
  ["no count", () => encoded((header) => ({ ...header, count: undefined })), "no valid count"],
  ["a negative count", () => encoded((header) => ({ ...header, count: -1 })), "no valid count"],
  [
    "a count beyond the bytes",
    () => encoded((header) => ({ ...header, count: 1e5, lanes: [{ lane: 3, count: 1e5 }] })),
    "after the answer",
  ],
  ["a count beyond measure", () => encoded((header) => ({ ...header, count: 1e9 })), "no valid count"],
  [
    "lanes that hold more",
    () => encoded((header) => ({ ...header, lanes: [{ lane: 3, count: 3 }] })),
    "another number",
  ],
  ["a lane without a count", () => encoded((header) => ({ ...header, lanes: [{ lane: 3 }] })), "a lane lacks"],
  ["no lanes", () => encoded((header) => ({ ...header, lanes: undefined })), "lists no lanes"],
  ["no revision", () => encoded((header) => ({ ...header, revision: undefined })), "no revision"],
  ["no begin", () => encoded((header) => ({ ...header, begin_ns: undefined })), "where its window begins"],
  ["no columns", () => encoded((header) => ({ ...header, columns: undefined })), "lists no columns"],
  ["a column of another type", withColumns((column) => ({ ...column, type: "int8" })), "is int8 instead of float64"],
  [
    "a missing column",
    () => encoded((header) => ({ ...header, columns: header.columns.slice(1) })),
    "start_ns is missing",
  ],
  ["an offset before the columns", withColumns((column) => ({ ...column, offset: -8 })), "after the answer"],
  ["numbers of many bytes", withColumns((column) => ({ ...column, bytes: 9 })), "9 bytes for each number"],
  ["a column without a base", withColumns((column) => ({ ...column, base: null })), "lacks its name"],
])("%s is refused with a sentence", (_, buffer, detail) => {
  expect(() => decodeSlices(buffer())).toThrow(SlicesFormatError);
  expect(() => decodeSlices(buffer())).toThrow(detail);
});
