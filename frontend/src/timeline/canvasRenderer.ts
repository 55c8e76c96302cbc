import { FLAG_RAISED } from "../api/slices";
import { PATTERN_STRENGTH, type Pattern, type Theme } from "../lib/modes";
import { SLICE_STYLES } from "../lib/parts";
import { timeToPx } from "./camera";
import { ROW_GAP_PX, ROW_HEIGHT_PX, type PlacedLane } from "./layout";
import type { Piece } from "./plan";
import { firstEndingAfter } from "./query";
import {
  BACKGROUND,
  DIMMED,
  MIN_SLICE_PX,
  RAISED_COLOUR,
  TRACED_COLOUR,
  fitCanvas,
  type Frame,
  type SliceRenderer,
} from "./renderer";

type Fill = string | CanvasPattern;

/** Draws slices without WebGL2: the same picture, one rectangle at a time. */
export class CanvasRenderer implements SliceRenderer {
  readonly name = "canvas2d";
  #fills: { readonly theme: Theme; readonly byCode: readonly Fill[] } | null = null;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly context: CanvasRenderingContext2D,
  ) {}

  static create(canvas: HTMLCanvasElement): CanvasRenderer | null {
    const context = canvas.getContext("2d", { alpha: false });
    return context ? new CanvasRenderer(canvas, context) : null;
  }

  draw(frame: Frame): void {
    const { context } = this;
    const { viewport } = frame;
    fitCanvas(this.canvas, viewport);
    context.setTransform(viewport.devicePixelRatio, 0, 0, viewport.devicePixelRatio, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = BACKGROUND[frame.theme];
    context.fillRect(0, 0, viewport.widthPx, viewport.heightPx);
    const fills = this.#fillsFor(frame.theme);
    for (const { lane, pieces } of frame.lanes) {
      for (const piece of pieces) this.#drawPiece(frame, lane, piece, fills);
    }
  }

  dispose(): void {
    this.#fills = null;
  }

  #drawPiece(frame: Frame, lane: PlacedLane, piece: Piece, fills: readonly Fill[]): void {
    const { context } = this;
    const { viewport, highlight } = frame;
    const { slices, rowStarts } = piece.tile;
    const toPx = (timeNs: number) => timeToPx(viewport.window, viewport.widthPx, timeNs);
    // Whole pixels, or a slice would show a seam where it crosses tiles.
    const clipBeginPx = Math.round(toPx(piece.beginNs));
    const clipEndPx = Math.round(toPx(piece.endNs));
    const heightPx = ROW_HEIGHT_PX - ROW_GAP_PX;
    for (let row = 0; row + 1 < rowStarts.length; row++) {
      const topPx = lane.rowsTopPx - viewport.scrollTopPx + row * ROW_HEIGHT_PX;
      if (topPx + heightPx < 0 || topPx > viewport.heightPx) continue;
      const last = rowStarts[row + 1] ?? 0;
      for (let index = firstEndingAfter(slices, rowStarts[row] ?? 0, last, piece.beginNs); index < last; index++) {
        const startNs = slices.startNs[index] ?? 0;
        if (startNs >= piece.endNs) break;
        let leftPx = toPx(startNs);
        let rightPx = toPx(startNs + (slices.durationNs[index] ?? 0));
        if (rightPx - leftPx > 4) rightPx -= 1;
        rightPx = Math.min(Math.max(rightPx, leftPx + MIN_SLICE_PX), clipEndPx);
        leftPx = Math.max(leftPx, clipBeginPx);
        if (rightPx <= leftPx) continue;
        const widthPx = rightPx - leftPx;
        context.globalAlpha = highlight && !highlight.has(slices.functionId[index] ?? -1) ? DIMMED : 1;
        context.fillStyle = fills[slices.mode[index] ?? 0] ?? TRACED_COLOUR;
        context.fillRect(leftPx, topPx, widthPx, heightPx);
        if ((slices.traceId[index] ?? -1) >= 0) {
          context.fillStyle = TRACED_COLOUR;
          context.fillRect(leftPx, topPx, widthPx, 2.5);
        }
        if ((slices.flags[index] ?? 0) & FLAG_RAISED) {
          context.fillStyle = RAISED_COLOUR;
          context.fillRect(leftPx, topPx + heightPx - 3.5, widthPx, 3.5);
        }
      }
    }
    context.globalAlpha = 1;
  }

  #fillsFor(theme: Theme): readonly Fill[] {
    if (this.#fills?.theme !== theme) {
      const byCode = SLICE_STYLES.map((style) => patternFill(this.context, style[theme], style.pattern));
      this.#fills = { theme, byCode };
    }
    return this.#fills.byCode;
  }
}

/** A tile of 24 pixels: the periods of all patterns divide it. */
const TILE_PX = 24;

function patternFill(context: CanvasRenderingContext2D, colour: string, pattern: Pattern): Fill {
  if (pattern === "solid") return colour;
  const tile = document.createElement("canvas");
  tile.width = tile.height = TILE_PX;
  const ink = tile.getContext("2d");
  if (!ink) return colour;
  ink.fillStyle = colour;
  ink.fillRect(0, 0, TILE_PX, TILE_PX);
  ink.fillStyle = ink.strokeStyle = `rgb(0 0 0 / ${PATTERN_STRENGTH})`;
  if (pattern === "bars") {
    for (let y = 0; y < TILE_PX; y += 6) ink.fillRect(0, y, TILE_PX, 1.5);
  } else if (pattern === "dots") {
    for (let x = 3; x < TILE_PX; x += 6) {
      for (let y = 3; y < TILE_PX; y += 6) {
        ink.beginPath();
        ink.arc(x, y, 1.3, 0, 2 * Math.PI);
        ink.fill();
      }
    }
  } else {
    ink.lineWidth = 1.4;
    ink.beginPath();
    for (let at = -TILE_PX; at <= 2 * TILE_PX; at += 8) {
      ink.moveTo(at, 0);
      ink.lineTo(at - TILE_PX, TILE_PX);
      if (pattern === "hatch") {
        ink.moveTo(at, 0);
        ink.lineTo(at + TILE_PX, TILE_PX);
      }
    }
    ink.stroke();
  }
  return context.createPattern(tile, "repeat") ?? colour;
}
