/** Which parts of two signatures differ, so that the eye need not search for them. */

export interface DiffPart {
  readonly text: string;
  readonly changed: boolean;
}

export interface Diff {
  readonly before: readonly DiffPart[];
  readonly after: readonly DiffPart[];
}

/** Beyond this many pairs of tokens only common ends are found: a table of all pairs would stall the page. */
const MAX_PAIRS = 250_000;

/** Splits into names and numbers, quoted strings, spaces, and single signs. */
export function tokenize(text: string): readonly string[] {
  return text.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\p{L}_][\p{L}\p{N}_.]*|-?\d[\w.]*|\s+|./gsu) ?? [];
}

/** The longest common run of tokens stays; everything else is changed. */
export function diffTokens(before: string, after: string): Diff {
  const a = tokenize(before);
  const b = tokenize(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middleA = a.slice(head, a.length - tail);
  const middleB = b.slice(head, b.length - tail);
  const [keptA, keptB] = commonTokens(middleA, middleB);
  const parts = (tokens: readonly string[], kept: ReadonlySet<number>) =>
    join(
      tokens.map((text, index) => ({
        text,
        changed: index >= head && index < tokens.length - tail && !kept.has(index - head),
      })),
    );
  return { before: parts(a, keptA), after: parts(b, keptB) };
}

function commonTokens(a: readonly string[], b: readonly string[]): readonly [ReadonlySet<number>, ReadonlySet<number>] {
  const keptA = new Set<number>();
  const keptB = new Set<number>();
  if (a.length === 0 || b.length === 0 || a.length * b.length > MAX_PAIRS) return [keptA, keptB];
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      keptA.add(i++);
      keptB.add(j++);
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return [keptA, keptB];
}

function join(parts: readonly DiffPart[]): readonly DiffPart[] {
  const joined: DiffPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last?.changed === part.changed)
      joined[joined.length - 1] = { text: last.text + part.text, changed: part.changed };
    else joined.push(part);
  }
  return joined;
}
