import { describe, expect, it } from "vitest";
import type { FailureGroup } from "../api/types";
import { diagnosis, errorInfo, functionInfo, runReport } from "../testing/reports";
import { failuresOf, isUnclassified } from "./failures";

const frame = { file: "train.py", line: 1, function: "f", code: "f()", folded: 0, variables: {} };

function group(errorId: number, change: Partial<FailureGroup> = {}): FailureGroup {
  return {
    diagnosis_id: "loop-invariant",
    title: "grows in a loop",
    function_id: 0,
    error_id: errorId,
    error_ids: [errorId],
    count: 1,
    left: [0],
    stack_error_id: errorId,
    ...change,
  };
}

describe("failuresOf", () => {
  const errors = [
    errorInfo(0, { message: "grows", diagnosis: diagnosis("loop-invariant", 12), stack: [frame] }),
    errorInfo(1, { function_id: 1, first_error_id: 0, stack: [frame, frame] }),
    errorInfo(2, { function_id: 1, type: "KeyError" }),
  ];
  const report = runReport({
    functions: [functionInfo(0, { name: "train_step" }), functionInfo(1)],
    errors,
    failures: [
      group(0, { left: [0, 1, 9], stack_error_id: 1 }),
      group(2, { diagnosis_id: "unclassified", title: "KeyError", function_id: 1, left: [1] }),
    ],
  });

  it("adds what the report has elsewhere, in its order", () => {
    const [known, unknown] = failuresOf(report, "");
    expect(known).toMatchObject({
      first: { error_id: 0 },
      info: { name: "train_step" },
      left: ["train_step", "f1", "function 9"],
    });
    expect(known?.stack).toHaveLength(2);
    expect([known, unknown].map((failure) => failure && isUnclassified(failure))).toEqual([false, true]);
  });

  it("finds words in diagnosis, message, function and line", () => {
    for (const word of ["loop-inv", "in a loop", "grows", "train_step", "train.py:12", "line 12"]) {
      expect(failuresOf(report, word).map(({ group: { error_id: id } }) => id)).toEqual([0]);
    }
    expect(failuresOf(report, "nothing of it")).toEqual([]);
  });
});
