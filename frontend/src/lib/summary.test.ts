import { describe, expect, test } from "vitest";
import { errorInfo, functionInfo, runReport, traceInfo } from "../testing/reports";
import { hasCall, summarize } from "./summary";

describe("summarize", () => {
  test("an empty run is all zeros", () => {
    expect(summarize(runReport())).toEqual({
      calls: { eager: 0, graph: 0, xla: 0, tracing: 0, "v1-graph": 0, total: 0 },
      traces: 0,
      retraces: 0,
      retracedFunctions: 0,
      errors: 0,
      tracingNs: 0,
      runningNs: 0,
    });
  });

  test("adds up calls by mode over all functions", () => {
    const { calls } = summarize(
      runReport({
        functions: [
          functionInfo(0, { calls: { eager: 2, graph: 3, total: 5 } }),
          functionInfo(1, { calls: { graph: 4, tracing: 1, total: 5 } }),
        ],
      }),
    );
    expect(calls).toEqual({ eager: 2, graph: 7, xla: 0, tracing: 1, "v1-graph": 0, total: 10 });
  });

  test("a function's first trace is no retrace, and a function retraced twice counts once", () => {
    const found = summarize(
      runReport({
        traces: [
          traceInfo(0, { function_id: 1, ordinal: 1 }),
          traceInfo(1, { function_id: 1, ordinal: 2 }),
          traceInfo(2, { function_id: 1, ordinal: 3 }),
          traceInfo(3, { function_id: 2, ordinal: 1 }),
        ],
        errors: [errorInfo(0), errorInfo(1)],
      }),
    );
    expect([found.traces, found.retraces, found.retracedFunctions, found.errors]).toEqual([4, 2, 1, 2]);
  });

  const ofSelf = (self: number | null) => functionInfo(0, { time_ns: { total: self, self, tracing: 0 } });

  test("the time spent tracing inside calls is not time running, and a trace within a trace counts once", () => {
    const found = summarize(
      runReport({
        functions: [ofSelf(100), ofSelf(20)],
        traces: [
          traceInfo(0, { call_id: 0, start_ns: 0, duration_ns: 30 }),
          traceInfo(1, { call_id: 0, start_ns: 10, duration_ns: 10 }),
        ],
      }),
    );
    expect([found.tracingNs, found.runningNs]).toEqual([30, 90]);
  });

  test("tracing outside recorded calls takes nothing from the time running", () => {
    const found = summarize(
      runReport({
        functions: [ofSelf(100)],
        traces: [
          traceInfo(0, { call_id: null, start_ns: 0, duration_ns: 30 }),
          traceInfo(1, { call_id: -1, start_ns: 50, duration_ns: 5 }),
        ],
      }),
    );
    expect([found.tracingNs, found.runningNs]).toEqual([35, 100]);
  });

  test("traces of two threads at the same time both count", () => {
    const found = summarize(
      runReport({
        traces: [
          traceInfo(0, { thread: 0, start_ns: 0, duration_ns: 30 }),
          traceInfo(1, { thread: 1, start_ns: 0, duration_ns: 30 }),
          traceInfo(2, { thread: 1, start_ns: 5, duration_ns: null }),
        ],
      }),
    );
    expect(found.tracingNs).toBe(60);
  });

  test("a time that was not recorded makes the time running unknown rather than smaller", () => {
    expect(summarize(runReport({ functions: [ofSelf(100), ofSelf(null)] })).runningNs).toBeNull();
  });

  test("the time running is never negative", () => {
    const traces = [traceInfo(0, { call_id: 0, duration_ns: 500 })];
    expect(summarize(runReport({ functions: [ofSelf(100)], traces })).runningNs).toBe(0);
  });
});

test("a call is a number from 0 on", () => {
  expect([hasCall(0), hasCall(7), hasCall(-1), hasCall(null)]).toEqual([true, true, false, false]);
});
