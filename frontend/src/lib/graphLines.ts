/** Which lines of a function made how many ops of its graph. */

import type { GraphLists, SourceInfo, SourceLineInfo } from "../api/types";
import { sourceLines } from "./source";

/** A line of the function's own definition, with what it made. */
export interface OwnLine {
  readonly number: number;
  readonly text: string;
  readonly ops: number;
  /** How often the same ops were made by it, as an unrolled loop makes them; 1 for no repetition. */
  readonly repeats: number;
  readonly inLoop: boolean;
  /** What the ops came through: the line itself, or lines of functions that it calls. */
  readonly through: readonly SourceLineInfo[];
}

export interface GraphLines {
  readonly own: readonly OwnLine[];
  /** Ops of lines outside the definition, as of a function that was traced before. */
  readonly elsewhere: readonly SourceLineInfo[];
  /** Ops that no line made: inputs, captures, outputs. */
  readonly byTensorFlow: readonly SourceLineInfo[];
  /** Ops of the line that made most. */
  readonly most: number;
}

/** Lays a graph's ops beside the text of the function; without the text, only lines that made any are told. */
export function graphLines(graph: GraphLists, source: SourceInfo | null): GraphLines {
  const byOwnLine = new Map<number, SourceLineInfo[]>();
  const elsewhere: SourceLineInfo[] = [];
  const byTensorFlow: SourceLineInfo[] = [];
  for (const line of graph.source_lines) {
    if (line.own_line !== null) byOwnLine.set(line.own_line, [...(byOwnLine.get(line.own_line) ?? []), line]);
    else if (line.line !== null) elsewhere.push(line);
    else byTensorFlow.push(line);
  }
  const texts = new Map((source ? sourceLines(source, 0) : []).map(({ number, text }) => [number, text]));
  const numbers = [...new Set([...texts.keys(), ...byOwnLine.keys()])].sort((a, b) => a - b);
  const own = numbers.map((number) => ownLine(number, texts.get(number) ?? "", byOwnLine.get(number) ?? []));
  const most = Math.max(
    1,
    ...own.map(({ ops }) => ops),
    ...elsewhere.map(({ ops }) => ops),
    ...byTensorFlow.map(({ ops }) => ops),
  );
  return { own, elsewhere: byOps(elsewhere), byTensorFlow, most };
}

function ownLine(number: number, text: string, through: readonly SourceLineInfo[]): OwnLine {
  return {
    number,
    text,
    ops: through.reduce((sum, { ops }) => sum + ops, 0),
    repeats: Math.max(1, ...through.map(({ repeats }) => repeats)),
    inLoop: through.some(({ in_loop: inLoop }) => inLoop),
    through: byOps(through),
  };
}

function byOps(lines: readonly SourceLineInfo[]): readonly SourceLineInfo[] {
  return [...lines].sort((a, b) => b.ops - a.ops);
}

/** Types of ops, the most frequent first, those beyond `shown` as one. */
export function opTypes(
  counts: Readonly<Record<string, number>>,
  shown: number,
): readonly { readonly type: string; readonly ops: number }[] {
  const sorted = Object.entries(counts)
    .map(([type, ops]) => ({ type, ops }))
    .sort((a, b) => b.ops - a.ops || a.type.localeCompare(b.type));
  if (sorted.length <= shown) return sorted;
  const rest = sorted.slice(shown);
  return [
    ...sorted.slice(0, shown),
    { type: `${rest.length} more types`, ops: rest.reduce((sum, { ops }) => sum + ops, 0) },
  ];
}
