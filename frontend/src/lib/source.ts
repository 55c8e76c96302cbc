import type { SourceInfo } from "../api/types";

export interface SourceLine {
  /** Its number in the file. */
  readonly number: number;
  readonly text: string;
  readonly marked: boolean;
}

/** The lines of a recorded definition with their numbers in its file; the one that was asked for is marked. */
export function sourceLines(source: Pick<SourceInfo, "text" | "line">, markedLine: number): readonly SourceLine[] {
  // Python ends lines where its file does, so a form feed or U+2028 within one must not end it here.
  return source.text.split(/\r\n|\n|\r/).map((text, index) => {
    const number = source.line + index;
    return { number, text, marked: number === markedLine };
  });
}
