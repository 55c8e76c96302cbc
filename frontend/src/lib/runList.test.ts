import { expect, test } from "vitest";
import type { RunInfo } from "../api/types";
import { foundRuns, processNames, runLabel } from "./runList";

type Process = RunInfo["processes"][number];

function process(worker: string | null, pid: number): Process {
  return { host: "h", pid, worker, complete: true, state: "complete", last_written_unix_ns: null, dropped: 0 };
}

function run(name: string, start: number | null, processes: readonly Process[] = [process(null, 1)]): RunInfo {
  return {
    run: name,
    revision: "1",
    calls: 1,
    errors: 0,
    findings: null,
    start_unix_ns: start,
    complete: true,
    state: "complete",
    last_written_unix_ns: null,
    dropped: 0,
    dropped_text: null,
    processes,
  };
}

test("the newest run is first, and one without a time is last", () => {
  const runs = [run("old", 1), run("lost", null), run("new", 3), run("b", 2), run("a", 2)];
  expect(foundRuns(runs, "").map((found) => found.run)).toEqual(["new", "a", "b", "old", "lost"]);
});

test("every word typed must be in the name or in a process", () => {
  const cluster = [process("chief:0", 1), process("worker:0", 2), process("worker:1", 3), process("worker:2", 4)];
  const runs = [run("train/one", 1), run("eval/one", 2), run("fleet", 3, cluster), run(".", 4)];
  const names = (query: string) => foundRuns(runs, query).map((found) => found.run);
  expect(names("ONE tr")).toEqual(["train/one"]);
  expect(names("worker:2")).toEqual(["fleet"]);
  expect(names("itself")).toEqual(["."]);
  expect(names("nothing")).toEqual([]);
});

test("processes have names only where there are several, or a cluster", () => {
  expect(processNames(run("one", 1))).toBe("");
  expect(processNames(run("one", 1, [process("worker:0", 1)]))).toBe("worker:0");
  expect(
    processNames(
      run(
        "five",
        1,
        [1, 2, 3, 4, 5].map((pid) => process(null, pid)),
      ),
    ),
  ).toBe("process 1, process 2, process 3 and 2 more");
  expect(runLabel("train")).toBe("train");
});
