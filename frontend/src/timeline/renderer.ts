import type { Theme } from "../lib/modes";
import type { RendererName, TimeWindow } from "../lib/urlState";
import type { PlacedLane } from "./layout";
import type { Piece } from "./plan";

export interface Viewport {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly scrollTopPx: number;
  readonly devicePixelRatio: number;
  readonly window: TimeWindow;
}

export interface LanePieces {
  readonly lane: PlacedLane;
  readonly pieces: readonly Piece[];
}

/** Which functions stand out while searching; null: no search. A new object for every new search. */
export type Highlight = ReadonlySet<number> | null;

export interface Frame {
  readonly viewport: Viewport;
  readonly lanes: readonly LanePieces[];
  readonly theme: Theme;
  readonly highlight: Highlight;
}

/** Draws the bodies of slices; names and markers lie on the overlay above. */
export interface SliceRenderer {
  readonly name: RendererName;
  readonly canvas: HTMLCanvasElement;
  draw(frame: Frame): void;
  dispose(): void;
}

export const BACKGROUND: Readonly<Record<Theme, string>> = { light: "#ffffff", dark: "#2b2b2b" };
export const RAISED_COLOUR = "#b3001b";
export const TRACED_COLOUR = "#141414";
/** How much of a slice's colour is left when a search finds other functions. */
export const DIMMED = 0.25;
/** Narrower slices are widened to this, so that nothing vanishes. */
export const MIN_SLICE_PX = 1.5;

/** Sizes a canvas for the screen's pixels; true if it had to change (which clears it). */
export function fitCanvas(canvas: HTMLCanvasElement, viewport: Viewport): boolean {
  const width = Math.max(1, Math.round(viewport.widthPx * viewport.devicePixelRatio));
  const height = Math.max(1, Math.round(viewport.heightPx * viewport.devicePixelRatio));
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}
