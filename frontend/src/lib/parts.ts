/** What a call's time is divided into, how that looks, and how slices of ops are told from slices of calls. */

import { MODES, type Part, type Times } from "../api/types";
import { MODE_STYLES, type Pattern } from "./modes";

export interface SliceStyle {
  readonly label: string;
  readonly meaning: string;
  readonly light: string;
  readonly dark: string;
  readonly pattern: Pattern;
}

/** In the order of the integers that slices of ops carry. */
export const PARTS: readonly Part[] = [
  "python",
  "dispatch",
  "tracing",
  "compile",
  "ops",
  "copies",
  "idle",
  "calls",
  "other",
];

/** As far as a part is like a mode it looks like it. */
export const PART_STYLES: Readonly<Record<Part, SliceStyle>> = {
  python: {
    label: "Python",
    meaning: "Python code, where TensorFlow recorded nothing",
    light: "#f0ab2e",
    dark: "#e5a328",
    pattern: "diagonal",
  },
  dispatch: {
    label: "dispatch",
    meaning: "TensorFlow finds out what to run and hands it over",
    light: "#c9b3ea",
    dark: "#b9a2de",
    pattern: "hatch",
  },
  tracing: {
    label: "tracing",
    meaning: "a Python function is made into a graph",
    light: "#dd8fbb",
    dark: "#d585b2",
    pattern: "dots",
  },
  compile: {
    label: "compile",
    meaning: "XLA compiles",
    light: "#ef9a7a",
    dark: "#e58f6f",
    pattern: "bars",
  },
  ops: {
    label: "ops",
    meaning: "ops of the call run, on any thread",
    light: "#6db6ea",
    dark: "#56a9e4",
    pattern: "solid",
  },
  copies: {
    label: "copies",
    meaning: "data moves to or from a device",
    light: "#3fbf97",
    dark: "#2fb288",
    pattern: "bars",
  },
  idle: {
    label: "idle",
    meaning: "the call waits, or is suspended, while none of its ops runs",
    light: "#d6d6d6",
    dark: "#bdbdbd",
    pattern: "dots",
  },
  calls: {
    label: "other calls",
    meaning: "other recorded calls inside it",
    light: "#b3c6d4",
    dark: "#9fb4c4",
    pattern: "solid",
  },
  other: {
    label: "other",
    meaning: "TensorFlow did something whose name is not known here",
    light: "#cfc58a",
    dark: "#bfb57a",
    pattern: "hatch",
  },
};

/** How slices look, by the code they are drawn with: calls by mode, then ops by part. */
export const SLICE_STYLES: readonly SliceStyle[] = [
  ...MODES.map((mode) => MODE_STYLES[mode]),
  ...PARTS.map((part) => PART_STYLES[part]),
];

/** Names of ops have numbers of their own, far from those of functions. */
const FIRST_OP_NAME = 1 << 24;

export function opNameId(number: number): number {
  return FIRST_OP_NAME + number;
}

export function codeOfPart(part: number): number {
  return MODES.length + part;
}

/** The part of an op's slice; null for a call's. */
export function partOfCode(code: number): Part | null {
  return PARTS[code - MODES.length] ?? null;
}

export interface PartShare {
  readonly part: Part;
  readonly ns: number;
  /** The part of the whole time, from 0 to 1. */
  readonly share: number;
}

/** The parts that took any time, in the order of the list. */
export function partsOf(times: Pick<Times, "parts_ns" | "parts_share">): readonly PartShare[] {
  return PARTS.map((part) => ({ part, ns: times.parts_ns[part], share: times.parts_share[part] })).filter(
    ({ ns }) => ns > 0,
  );
}
