/** Lays the ops of a graph beside the text of the function that was traced. */

import type { OwnLine, SourceInfo } from "../api/types";
import { sourceLines } from "./source";

/** A line of the function's own definition. */
export interface TextLine {
  readonly number: number;
  readonly text: string;
  /** What it made; null if nothing. */
  readonly made: OwnLine | null;
}

/** The lines of the function with what each made; without the text, only lines that made any are told. */
export function textLines(made: readonly OwnLine[], source: SourceInfo | null): readonly TextLine[] {
  const texts = new Map((source ? sourceLines(source, 0) : []).map(({ number, text }) => [number, text]));
  const byNumber = new Map(made.map((line) => [line.number, line]));
  const numbers = [...new Set([...texts.keys(), ...byNumber.keys()])].sort((a, b) => a - b);
  return numbers.map((number) => ({ number, text: texts.get(number) ?? "", made: byNumber.get(number) ?? null }));
}
