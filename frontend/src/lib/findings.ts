import type { Finding } from "../api/types";

/** Findings by function, in the report's order. */
export function findingsByFunction(findings: readonly Finding[]): ReadonlyMap<number, readonly Finding[]> {
  const groups = new Map<number, Finding[]>();
  for (const finding of findings) {
    if (finding.function_id === null) continue;
    const group = groups.get(finding.function_id);
    if (group) group.push(finding);
    else groups.set(finding.function_id, [finding]);
  }
  return groups;
}
