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

test("what a server encodes is what the page reads", () => {
  expect(decodeSlices(encode(TWO))).toEqual(TWO);
});

test("an odd number of slices leaves the columns aligned", () => {
  for (const count of [0, 1, 3, 5, 7]) {
    const some = slices(Array.from({ length: count }, (_, index) => ({ startNs: index, durationNs: 1 })));
    expect(decodeSlices(encode(some))).toEqual(some);
  }
});

test("columns of a newer server are skipped", () => {
  const buffer = encode(TWO, (header) => {
    header.columns.push({ name: "temperature", type: "float16", offset: 0 });
    return header;
  });
  expect(decodeSlices(buffer).count).toBe(2);
});

test.each([
  ["an empty answer", () => new ArrayBuffer(0), "ends before its header"],
  ["a header longer than the answer", () => new Uint8Array([255, 255, 0, 0, 1]).buffer, "longer than the answer"],
  ["columns that are not aligned", () => new Uint8Array([1, 0, 0, 0, 123]).buffer, "not aligned"],
  ["a cut answer", () => encode(TWO).slice(0, -8), "flags ends after the answer"],
  ["a header that is not JSON", () => new Uint8Array([4, 0, 0, 0, 1, 2, 3, 4]).buffer, "not JSON"],
  ["a header that is a list", () => encode(TWO, () => [1]), "not an object"],
  ["no count", () => encode(TWO, ({ columns }) => ({ revision: "1", columns })), "no valid count"],
  ["a negative count", () => encode(TWO, (header) => ({ ...header, count: -1 })), "no valid count"],
  ["a count beyond the bytes", () => encode(TWO, (header) => ({ ...header, count: 1e9 })), "ends after the answer"],
  ["no revision", () => encode(TWO, ({ columns }) => ({ count: 2, columns })), "no revision"],
  ["no columns", () => encode(TWO, () => ({ count: 2, revision: "1" })), "lists no columns"],
  [
    "a column of another type",
    () =>
      encode(TWO, (header) => ({ ...header, columns: header.columns.map((column) => ({ ...column, type: "int8" })) })),
    "is int8 instead of float64",
  ],
  [
    "a missing column",
    () => encode(TWO, (header) => ({ ...header, columns: header.columns.slice(1) })),
    "start_ns is missing",
  ],
  [
    "an offset before the columns",
    () =>
      encode(TWO, (header) => ({ ...header, columns: header.columns.map((column) => ({ ...column, offset: -8 })) })),
    "not aligned",
  ],
])("%s is refused with a sentence", (_, buffer, detail) => {
  expect(() => decodeSlices(buffer())).toThrow(SlicesFormatError);
  expect(() => decodeSlices(buffer())).toThrow(detail);
});
