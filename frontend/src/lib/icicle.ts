/** The tree of where time goes, laid out: a node lies below its parent, siblings from the left in the order of the list. */

import type { Node } from "../api/types";

export interface Placed {
  readonly node: Node;
  readonly depth: number;
  /** Where it begins and how wide it is, as parts of the whole. */
  readonly left: number;
  readonly width: number;
}

/** Narrower nodes cannot be seen. */
const LEAST = 0.0008;

/**
 * Places nodes, which come after their parents: all of them, or those in `root`, which is then as wide as everything.
 *
 * Threads ran at the same time, so each lies below the one before. What `root` lies in is drawn above it at full width.
 */
export function placed(nodes: readonly Node[], root: number | null): readonly Placed[] {
  const around = ancestors(nodes, root);
  const result: Placed[] = around.map((node, depth) => ({ node, depth, left: 0, width: 1 }));
  const tops = new Set(nodes.filter(({ node, parent }) => (root === null ? parent === null : node === root)));
  const whole = Math.max(1, ...[...tops].map(({ total_ns }) => total_ns));
  const open = new Map<number, { readonly depth: number; next: number }>();
  let below = around.length;
  for (const node of nodes) {
    const parent = tops.has(node) ? { depth: below - 1, next: 0 } : open.get(node.parent ?? -1);
    if (!parent) continue;
    const width = node.total_ns / whole;
    const left = parent.next;
    const depth = parent.depth + 1;
    parent.next += width;
    if (width < LEAST) continue;
    below = Math.max(below, depth + 1);
    open.set(node.node, { depth, next: left });
    result.push({ node, depth, left, width });
  }
  return result;
}

/** What a node lies in, the outermost first. */
function ancestors(nodes: readonly Node[], root: number | null): readonly Node[] {
  const found: Node[] = [];
  let at = root === null ? null : (nodes[root]?.parent ?? null);
  while (at !== null) {
    const node: Node | undefined = nodes[at];
    if (node) found.unshift(node);
    at = node?.parent ?? null;
  }
  return found;
}
