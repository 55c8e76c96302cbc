import { describe, expect, it } from "vitest";
import type { LaneInfo, Lanes, OpLane, FoundProfile } from "../api/types";
import { codeOfPart, opNameId, partOfCode } from "../lib/parts";
import { slices as slicesOf } from "../testing/slices";
import { layOut } from "./layout";
import { profiledWindows, slicesOfOps, unfoldable, withOps } from "./opLanes";

function lane(number: number, threadId: number, suspendable = false): LaneInfo {
  return { lane: number, process: 0, thread_id: threadId, label: `t${threadId}`, suspendable, rows: 1, calls: 1 };
}

function opLane(number: number, threadId: number): OpLane {
  return {
    lane: number,
    process: 0,
    thread_id: threadId,
    label: `line ${number}`,
    own_thread: true,
    device: false,
    rows: 2,
    events: 7,
  };
}

const lanes: Lanes = {
  run: "r",
  revision: "1",
  start_unix_ns: 0,
  begin_ns: 0,
  end_ns: 1,
  lanes: [lane(0, 4), lane(1, 4, true), lane(2, 5)],
};
const ops = [opLane(100, 4), opLane(101, 4), opLane(102, 5)];

describe("lanes of ops", () => {
  it("stay away until a thread is unfolded", () => {
    expect(withOps(lanes, ops, []).lanes.map((info) => info.lane)).toEqual([0, 1, 2]);
  });

  it("come after the first lane of their thread", () => {
    const shown = withOps(lanes, ops, [4, 77]).lanes;
    expect(shown.map((info) => info.lane)).toEqual([0, 100, 101, 1, 2]);
    expect(shown[1]?.ops).toBe(ops[0]);
    expect(shown[1]?.calls).toBe(7);
  });

  it("can be unfolded where there are any, once a thread", () => {
    const unfolded = withOps(lanes, ops.slice(0, 2), [4]).lanes;
    expect([...unfoldable(unfolded, ops.slice(0, 2))]).toEqual([0]);
    expect([...unfoldable(lanes.lanes, ops)]).toEqual([0, 2]);
  });

  it("are laid out closer than threads", () => {
    const { lanes: placed } = layOut(withOps(lanes, ops, [4]).lanes);
    expect(placed[1]?.heightPx).toBe(48);
    expect(placed[0]?.heightPx).toBe(44);
  });
});

describe("slices of ops", () => {
  it("are told from calls by their numbers", () => {
    const slices = slicesOfOps(slicesOf([{ startNs: 0, durationNs: 5, functionId: 3, mode: 4 }]));
    expect(slices.functionId[0]).toBe(opNameId(3));
    expect(slices.mode[0]).toBe(codeOfPart(4));
    expect(partOfCode(slices.mode[0] ?? 0)).toBe("ops");
    expect(partOfCode(4)).toBeNull();
  });
});

describe("windows of profiles", () => {
  it("are those of profiles whose time is known", () => {
    const profile = (begin_ns: number | null, end_ns: number | null) => ({ begin_ns, end_ns }) as FoundProfile;
    expect(profiledWindows([profile(1, 5), profile(null, null), profile(3, 3)])).toEqual([{ beginNs: 1, endNs: 5 }]);
  });
});
