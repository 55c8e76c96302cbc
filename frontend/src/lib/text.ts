import type { ProcessName } from "../api/types";
import { MISSING } from "./time";

const NUMBERS = new Intl.NumberFormat("en-US");

/** A count with grouped digits; what was not recorded is a dash, never 0. */
export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? MISSING : NUMBERS.format(count);
}

/** `1 call`, `2 calls`. */
export function plural(count: number, word: string, words = `${word}s`): string {
  return `${formatCount(count)} ${count === 1 ? word : words}`;
}

/** A part of 1 as a percentage that never rounds something to nothing or part to all: `29.8%`, `50%`, `<0.1%`. */
export function formatShare(part: number | null): string {
  if (part === null) return MISSING;
  if (part > 0 && part < 0.001) return "<0.1%";
  if (part > 0.999 && part < 1) return ">99.9%";
  return `${Math.floor(part * 1000 + 0.5) / 10}%`;
}

/** As many characters of a name always stand at its end. */
const END_LENGTH = 16;

/** A name in two, of which the first may be cut: `Dataset.flat_map(slice_b` and `atch_indices) × 201`. Short ones have no second part. */
export function splitName(name: string): { readonly begin: string; readonly end: string } {
  const characters = Array.from(name);
  const at = characters.length < 2 * END_LENGTH ? characters.length : characters.length - END_LENGTH;
  return { begin: characters.slice(0, at).join(""), end: characters.slice(at).join("") };
}

export function formatLocation(file: string | null | undefined, line: number | null | undefined): string {
  if (!file) return MISSING;
  return line ? `${file}:${line}` : file;
}

/** The last `parts` parts of a path: enough to know a file by, short enough for a column. */
export function shortPath(path: string, parts = 2): string {
  const pieces = path.split(/[\\/]/).filter((piece) => piece !== "");
  return pieces.length <= parts ? path : `…/${pieces.slice(-parts).join("/")}`;
}

/** A process by its task where it has one, else by its number. */
export function shortProcess({ worker, pid }: ProcessName): string {
  return worker ?? `process ${pid ?? MISSING}`;
}

/** `worker:1 on host, process 4242`. */
export function formatProcess({ worker, host, pid }: ProcessName): string {
  return `${worker === null ? "" : `${worker} on `}${host ?? "an unknown host"}, process ${pid ?? MISSING}`;
}

/** Whether `text` holds every word of `query`, regardless of case. */
export function matches(text: string, query: string): boolean {
  const haystack = text.toLowerCase();
  return words(query).every((word) => haystack.includes(word));
}

function words(query: string): readonly string[] {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
}
