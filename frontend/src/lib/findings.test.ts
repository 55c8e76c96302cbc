import { describe, expect, test } from "vitest";
import type { Finding, TraceInfo } from "../api/types";
import { reason, traceInfo } from "../testing/reports";
import { causesOf, findingsByFunction } from "./findings";

function trace(ordinal: number, kinds: readonly string[] | null, durationNs: number | null): TraceInfo {
  return traceInfo(ordinal, { ordinal, duration_ns: durationNs, reason: kinds && reason(kinds) });
}

describe("causesOf", () => {
  test("adds up retraces by their kinds and leaves first traces out", () => {
    const traces = [
      trace(1, ["first-trace"], 90),
      trace(2, ["shape"], 5),
      trace(3, ["shape", "dtype"], 30),
      trace(4, ["shape"], 7),
      trace(5, null, null),
    ];
    expect(causesOf(traces)).toEqual([
      { kinds: "shape, dtype", traces: 1, lostNs: 30 },
      { kinds: "shape", traces: 2, lostNs: 12 },
      { kinds: "unknown", traces: 1, lostNs: 0 },
    ]);
  });
});

test("findings are found by their function, in order", () => {
  const finding = (id: string, functionId: number): Finding => ({
    id,
    severity: "low",
    function_id: functionId,
    title: "",
    evidence: { lost_ns: 0 },
    why: "",
    advice: "",
    fix: null,
    what_if: null,
    what_if_options: null,
  });
  const found = findingsByFunction([finding("a", 1), finding("b", 2), finding("c", 1)]);
  expect(found.get(1)?.map(({ id }) => id)).toEqual(["a", "c"]);
  expect(found.get(3)).toBeUndefined();
});
