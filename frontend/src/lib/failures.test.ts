import { describe, expect, it } from "vitest";
import type { Diagnosis } from "../api/types";
import { errorInfo, functionInfo, runReport } from "../testing/reports";
import { failureGroups, isUnclassified, titleOf } from "./failures";

function diagnosis(id: string, line: number): Diagnosis {
  const source = { file: "train.py", line, code: `line ${line}` };
  return { id, title: `title of ${id}`, why: "", difference: null, fix: id === "unclassified" ? null : "fix", source };
}

const frame = { file: "train.py", line: 1, function: "f", code: "f()", folded: 0, variables: {} };

describe("failureGroups", () => {
  it("counts a failure once, however many calls it left", () => {
    const errors = [
      errorInfo(0, { function_id: 0, first_error_id: 0, stack: [frame] }),
      errorInfo(1, { function_id: 1, first_error_id: 0, stack: [frame, frame] }),
      errorInfo(2, { function_id: 2, first_error_id: 0 }),
    ];
    const [group, ...others] = failureGroups(runReport({ functions: [functionInfo(0), functionInfo(1)], errors }), "");
    expect(others).toEqual([]);
    expect(group?.failures.map(({ error_id: id }) => id)).toEqual([0]);
    expect(group?.left).toEqual(["f0", "f1", "function 2"]);
    expect(group?.stack).toHaveLength(2);
  });

  it("puts alike failures in one place together, and others apart", () => {
    const errors = [
      errorInfo(0, { diagnosis: diagnosis("symbolic-bool", 3), time_ns: 9 }),
      errorInfo(1, { diagnosis: diagnosis("symbolic-bool", 3) }),
      errorInfo(2, { diagnosis: diagnosis("symbolic-bool", 4), time_ns: 5 }),
      errorInfo(3, { diagnosis: diagnosis("symbolic-bool", 3), function_id: 1, time_ns: 7 }),
    ];
    const groups = failureGroups(runReport({ functions: [functionInfo(0), functionInfo(1)], errors }), "");
    expect(groups.map(({ failures }) => failures.map(({ error_id: id }) => id))).toEqual([[2], [3], [0, 1]]);
  });

  it("tells what is known first", () => {
    const errors = [
      errorInfo(0, { diagnosis: diagnosis("unclassified", 3), time_ns: 1 }),
      errorInfo(1, { diagnosis: diagnosis("shape-mismatch", 3), time_ns: 2 }),
      errorInfo(2, { type: "KeyError", time_ns: 0 }),
    ];
    const groups = failureGroups(runReport({ functions: [functionInfo(0)], errors }), "");
    expect(groups.map(titleOf)).toEqual(["title of shape-mismatch", "KeyError", "title of unclassified"]);
    expect(groups.map(isUnclassified)).toEqual([false, true, true]);
  });

  it("finds words in diagnosis, message, function and line", () => {
    const errors = [errorInfo(0, { diagnosis: diagnosis("loop-invariant", 12), message: "grows" })];
    const report = runReport({ functions: [functionInfo(0, { name: "train_step" })], errors });
    for (const word of ["loop-inv", "grows", "train_step", "train.py:12", "line 12"]) {
      expect(failureGroups(report, word)).toHaveLength(1);
    }
    expect(failureGroups(report, "nothing of it")).toEqual([]);
  });
});
