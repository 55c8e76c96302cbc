/** The runs to choose from, as a person looks for one: newest first, and those that match what was typed. */

import type { RunInfo } from "../api/types";
import { matches, shortProcess } from "./text";

/** What a run is called; the directory that TensorBoard reads is a run itself if it holds a recording. */
export function runLabel(run: string): string {
  return run === "." ? "(log directory itself)" : run;
}

/** The processes of a run in a few words; empty where there is only one outside a cluster. */
export function processNames({ processes }: Pick<RunInfo, "processes">, most = 3): string {
  const [first] = processes;
  if (processes.length < 2 && first?.worker == null) return "";
  const names = processes.slice(0, most).map(shortProcess).join(", ");
  return processes.length > most ? `${names} and ${String(processes.length - most)} more` : names;
}

/** Those whose name or processes hold every word of `query`, the newest first; of those without a time the names decide. */
export function foundRuns(runs: readonly RunInfo[], query: string): readonly RunInfo[] {
  return runs
    .filter((run) => matches(`${runLabel(run.run)} ${processNames(run, Number.POSITIVE_INFINITY)}`, query))
    .toSorted(
      (a, b) => (b.start_unix_ns ?? 0) - (a.start_unix_ns ?? 0) || (a.run < b.run ? -1 : a.run > b.run ? 1 : 0),
    );
}
