import { describe, expect, test, vi } from "vitest";
import { ApiError } from "../api/client";
import type { CallInfo } from "../api/types";
import type { CallReference } from "../lib/urlState";
import type { SliceInfo } from "../timeline/query";
import { CallSelection, sliceOf } from "./callSelection";

function callInfo({ process, callId }: CallReference): CallInfo {
  return {
    call_id: callId,
    process,
    thread_id: 0,
    thread: "MainThread",
    function_id: 3,
    function: "step",
    mode: "graph",
    start_ns: 100,
    duration_ns: 50,
    depth: 1,
    parent: null,
    signature: null,
    trace_ids: [4, 5],
    raised: true,
    suspendable: false,
    error: null,
    children: 0,
    costs: { terms: [], terms_text: "", others: null, children: [], more_children: 0, called_at: null },
    lane: process,
    row: 1,
  };
}

/** Lane n is a thread of process n. */
const PROCESSES = 2;

function slice(lane: number, callId: number | null): SliceInfo {
  return { ...sliceOf(callInfo({ process: lane, callId: 0 })), callId, calls: callId === null ? 9 : 1 };
}

/** A selection whose requests are answered when the test says so. */
function selecting() {
  const requests: {
    readonly reference: CallReference;
    readonly signal: AbortSignal;
    readonly answer: (call: CallInfo) => void;
    readonly fail: (error: unknown) => void;
  }[] = [];
  const marked: (SliceInfo | null)[] = [];
  const host = { addController: vi.fn(), requestUpdate: vi.fn() };
  const selection = new CallSelection(host, {
    load: (reference, signal) =>
      new Promise((answer, fail) => {
        requests.push({ reference, signal, answer, fail });
      }),
    processOf: (lane) => (lane < PROCESSES ? lane : undefined),
    marked: (found) => marked.push(found),
  });
  const request = (index: number) => {
    const found = requests[index];
    if (!found) throw new Error(`there is no request ${index}`);
    return found;
  };
  return { selection, requests, request, marked, host };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("choosing a slice", () => {
  test("marks it at once and loads its call, of its own process", async () => {
    const { selection, request, marked, host } = selecting();
    const chosen = slice(1, 7);
    expect(selection.choose(chosen)).toEqual({ process: 1, callId: 7 });
    expect(marked).toEqual([chosen]);
    expect(selection.call).toBeNull();
    expect(request(0).reference).toEqual({ process: 1, callId: 7 });
    host.requestUpdate.mockClear();
    request(0).answer(callInfo({ process: 1, callId: 7 }));
    await settled();
    expect(selection.call?.call_id).toBe(7);
    expect(host.requestUpdate).toHaveBeenCalled();
  });

  test("that stands for several calls loads nothing", () => {
    const { selection, requests } = selecting();
    expect(selection.choose(slice(0, null))).toBeNull();
    expect(requests).toEqual([]);
    expect(selection.isEmpty).toBe(false);
    expect(selection.process).toBe(0);
  });

  test("in a lane that is not known loads nothing", () => {
    const { selection, requests } = selecting();
    expect(selection.choose(slice(PROCESSES, 7))).toBeNull();
    expect(requests).toEqual([]);
  });

  test("overtakes what was being loaded, whichever answer comes last", async () => {
    const { selection, request } = selecting();
    selection.choose(slice(0, 1));
    selection.choose(slice(0, 2));
    expect(request(0).signal.aborted).toBe(true);
    request(1).answer(callInfo({ process: 0, callId: 2 }));
    request(0).answer(callInfo({ process: 0, callId: 1 }));
    await settled();
    expect(selection.call?.call_id).toBe(2);
  });

  test("of nothing empties the selection", async () => {
    const { selection, request, marked } = selecting();
    selection.choose(slice(0, 1));
    expect(selection.choose(null)).toBeNull();
    request(0).answer(callInfo({ process: 0, callId: 1 }));
    await settled();
    expect(selection.isEmpty).toBe(true);
    expect(marked.at(-1)).toBeNull();
  });
});

describe("opening a call that may not be on screen", () => {
  test("selects the slice it would be", async () => {
    const { selection, request, marked } = selecting();
    const opened = selection.open({ process: 1, callId: 7 });
    request(0).answer(callInfo({ process: 1, callId: 7 }));
    const expected = {
      lane: 1,
      row: 1,
      startNs: 100,
      durationNs: 50,
      callId: 7,
      functionId: 3,
      traceId: 5,
      calls: 1,
      modeCode: 1,
      raised: true,
    };
    expect(await opened).toEqual(expected);
    expect(selection.slice).toEqual(expected);
    expect(marked).toEqual([expected]);
  });

  test("tells why there is none", async () => {
    const { selection, request } = selecting();
    const opened = selection.open({ process: 0, callId: 99 });
    request(0).fail(new ApiError("There is no call 99.", 404));
    expect(await opened).toBeNull();
    expect(selection.failure).toBe("There is no call 99.");
    selection.clearCall();
    expect(selection.isEmpty).toBe(true);
  });

  test("comes to nothing if something else is selected meanwhile", async () => {
    const { selection, request } = selecting();
    const opened = selection.open({ process: 0, callId: 1 });
    const chosen = slice(0, 2);
    selection.choose(chosen);
    request(0).answer(callInfo({ process: 0, callId: 1 }));
    expect(await opened).toBeNull();
    expect(selection.slice).toBe(chosen);
  });

  test("and being taken off the page is no failure", async () => {
    const { selection, request } = selecting();
    const opened = selection.open({ process: 0, callId: 1 });
    selection.hostDisconnected();
    expect(request(0).signal.aborted).toBe(true);
    request(0).fail(new DOMException("aborted", "AbortError"));
    expect(await opened).toBeNull();
    expect(selection.isEmpty).toBe(true);
  });
});

describe("isOn", () => {
  test("tells equal ids of different processes apart", () => {
    const { selection } = selecting();
    selection.choose(slice(1, 7));
    expect(selection.isOn({ process: 1, callId: 7 })).toBe(true);
    expect(selection.isOn({ process: 0, callId: 7 })).toBe(false);
  });

  test("holds for the call that is being loaded and no longer for the one it replaces", () => {
    const { selection } = selecting();
    selection.choose(slice(0, 1));
    void selection.open({ process: 0, callId: 2 });
    expect(selection.isOn({ process: 0, callId: 2 })).toBe(true);
    expect(selection.isOn({ process: 0, callId: 1 })).toBe(false);
  });
});

describe("clearCall", () => {
  test("leaves a slice that stands for several calls", () => {
    const { selection } = selecting();
    const merged = slice(0, null);
    selection.choose(merged);
    selection.clearCall();
    expect(selection.slice).toBe(merged);
  });

  test("takes back what is still being loaded", async () => {
    const { selection, request } = selecting();
    const opened = selection.open({ process: 0, callId: 1 });
    selection.clearCall();
    request(0).answer(callInfo({ process: 0, callId: 1 }));
    expect(await opened).toBeNull();
    expect(selection.isEmpty).toBe(true);
  });
});
