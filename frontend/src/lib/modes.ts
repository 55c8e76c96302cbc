import { MODES, type Mode } from "../api/types";

/** Patterns that tell modes apart without colour; the shader, the canvas and the legend draw the same ones. */
export const PATTERNS = { solid: 0, diagonal: 1, dots: 2, bars: 3, hatch: 4 } as const;
export type Pattern = keyof typeof PATTERNS;

export interface ModeStyle {
  readonly mode: Mode;
  readonly label: string;
  readonly meaning: string;
  readonly light: string;
  readonly dark: string;
  readonly pattern: Pattern;
}

/** Hues from Okabe and Ito's palette, lightened until black text on them is readable in both themes. */
export const MODE_STYLES: Readonly<Record<Mode, ModeStyle>> = {
  eager: {
    mode: "eager",
    label: "eager",
    meaning: "op by op, in Python",
    light: "#f0ab2e",
    dark: "#e5a328",
    pattern: "diagonal",
  },
  graph: {
    mode: "graph",
    label: "graph",
    meaning: "a cached concrete function",
    light: "#6db6ea",
    dark: "#56a9e4",
    pattern: "solid",
  },
  xla: {
    mode: "xla",
    label: "xla",
    meaning: "a concrete function, jit-compiled",
    light: "#3fbf97",
    dark: "#2fb288",
    pattern: "bars",
  },
  tracing: {
    mode: "tracing",
    label: "tracing",
    meaning: "the Python body, run symbolically inside a trace",
    light: "#dd8fbb",
    dark: "#d585b2",
    pattern: "dots",
  },
  "v1-graph": {
    mode: "v1-graph",
    label: "v1-graph",
    meaning: "TensorFlow 1 behaviour: eager execution is off",
    light: "#b4b4b4",
    dark: "#a3a3a3",
    pattern: "hatch",
  },
};

/** Text and markers on a slice, in both themes. */
export const SLICE_TEXT = "#141414";
export const PATTERN_STRENGTH = 0.16;

export type Theme = "light" | "dark";

export function modeStyle(mode: string): ModeStyle | null {
  return Object.hasOwn(MODE_STYLES, mode) ? MODE_STYLES[mode as Mode] : null;
}

export function modeOfCode(code: number): Mode | null {
  return MODES[code] ?? null;
}

/** `#rrggbb` as three numbers from 0 to 1. */
export function rgb(hex: string): readonly [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** WCAG's contrast ratio of two `#rrggbb` colours. */
export function contrast(a: string, b: string): number {
  const [darker, lighter] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const [red, green, blue] = rgb(hex).map((channel) =>
    channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4,
  ) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
