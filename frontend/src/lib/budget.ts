/** What the parts of the wall time look like. */

import type { PartInfo, Slice } from "../api/types";
import { MODE_STYLES, type Pattern } from "./modes";
import { PART_STYLES } from "./parts";

export type BudgetPart = Slice["part"];

export interface Fill {
  readonly light: string;
  readonly dark: string;
  readonly pattern: Pattern;
}

/** As far as a part is like a mode, or like a part of a call, it looks like it. */
export const BUDGET_FILLS: Readonly<Record<BudgetPart, Fill>> = {
  tracing: MODE_STYLES.tracing,
  compiling: PART_STYLES.compile,
  graph: MODE_STYLES.graph,
  xla: MODE_STYLES.xla,
  "eager-ops": MODE_STYLES.eager,
  input: PART_STYLES.dispatch,
  keras: PART_STYLES.other,
  python: { light: "#b3c6d4", dark: "#9fb4c4", pattern: "diagonal" },
  idle: { light: "#d6d6d6", dark: "#8b8b8b", pattern: "solid" },
};

/** The sentence on what a part is; empty if the budget does not have it. */
export function partLabel(budget: readonly PartInfo[], part: BudgetPart): string {
  return budget.find((info) => info.part === part)?.label ?? "";
}
