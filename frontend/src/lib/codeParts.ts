/** A piece of a sentence: code, or other text. */
export interface SentencePart {
  readonly code: boolean;
  readonly text: string;
}

/** Takes sentences apart in which code stands between backticks. */
export function codeParts(sentences: string): readonly SentencePart[] {
  return sentences
    .split("`")
    .map((text, index) => ({ code: index % 2 === 1, text }))
    .filter(({ text }) => text !== "");
}
