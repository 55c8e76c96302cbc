import { FLAG_RAISED } from "../api/slices";
import { PATTERN_STRENGTH, rgb, type Pattern, type Theme } from "../lib/modes";
import { SLICE_STYLES } from "../lib/parts";
import { timeToPx } from "./camera";
import { Columns, packed } from "./columns";
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
  type Viewport,
} from "./renderer";

type Fill = string | CanvasPattern;

const HEIGHT_PX = ROW_HEIGHT_PX - ROW_GAP_PX;
const OTHER_PIXEL = packed(...rgb(TRACED_COLOUR), 1);

/** Slices narrower than this are drawn as columns of pixels: a pattern is not seen in them. */
const NARROW_PX = 4;

interface Fills {
  readonly theme: Theme;
  readonly byCode: readonly Fill[];
  /** The same as single pixels, and dimmed. */
  readonly pixels: readonly number[];
  readonly dimmedPixels: readonly number[];
}

/** Draws slices without WebGL2: the same picture, wide ones one rectangle at a time, narrow ones a row of pixels at a time. */
export class CanvasRenderer implements SliceRenderer {
  readonly name = "canvas2d";
  readonly #strips = new Strips();
  #fills: Fills | null = null;

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
      const rows = Math.max(0, ...pieces.map(({ tile }) => tile.rowStarts.length - 1));
      const columns = this.#strips.columns(this.canvas.width, rows);
      const later: (() => void)[] = [];
      for (const piece of pieces) this.#drawPiece(frame, lane, piece, { fills, columns, later });
      this.#strips.draw(context, viewport, lane.rowsTopPx - viewport.scrollTopPx, rows);
      for (const draw of later) draw();
    }
    context.globalAlpha = 1;
  }

  dispose(): void {
    this.#fills = null;
  }

  #drawPiece(frame: Frame, lane: PlacedLane, piece: Piece, into: Target): void {
    const { context } = this;
    const { viewport, highlight } = frame;
    const { slices, rowStarts } = piece.tile;
    const { fills, columns } = into;
    const toPx = (timeNs: number) => timeToPx(viewport.window, viewport.widthPx, timeNs);
    // Whole pixels, or a slice would show a seam where it crosses tiles.
    const clipBeginPx = Math.round(toPx(piece.beginNs));
    const clipEndPx = Math.round(toPx(piece.endNs));
    const ratio = viewport.devicePixelRatio;
    for (let row = 0; row + 1 < rowStarts.length; row++) {
      const topPx = lane.rowsTopPx - viewport.scrollTopPx + row * ROW_HEIGHT_PX;
      if (topPx + HEIGHT_PX < 0 || topPx > viewport.heightPx) continue;
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
        const dimmed = highlight !== null && !highlight.has(slices.functionId[index] ?? -1);
        const mode = slices.mode[index] ?? 0;
        const widthPx = rightPx - leftPx;
        if (widthPx < NARROW_PX) {
          const colour = (dimmed ? fills.dimmedPixels : fills.pixels)[mode] ?? OTHER_PIXEL;
          columns.paint(row, leftPx * ratio, rightPx * ratio, colour);
        } else {
          context.globalAlpha = dimmed ? DIMMED : 1;
          context.fillStyle = fills.byCode[mode] ?? TRACED_COLOUR;
          context.fillRect(leftPx, topPx, widthPx, HEIGHT_PX);
        }
        const traced = (slices.traceId[index] ?? -1) >= 0;
        const raised = ((slices.flags[index] ?? 0) & FLAG_RAISED) !== 0;
        if (!traced && !raised) continue;
        // Above the columns, which are drawn when all of a lane are known.
        into.later.push(() => {
          context.globalAlpha = dimmed ? DIMMED : 1;
          context.fillStyle = TRACED_COLOUR;
          if (traced) context.fillRect(leftPx, topPx, widthPx, 2.5);
          context.fillStyle = RAISED_COLOUR;
          if (raised) context.fillRect(leftPx, topPx + HEIGHT_PX - 3.5, widthPx, 3.5);
        });
      }
    }
  }

  #fillsFor(theme: Theme): Fills {
    if (this.#fills?.theme !== theme) {
      this.#fills = {
        theme,
        byCode: SLICE_STYLES.map((style) => patternFill(this.context, style[theme], style.pattern)),
        pixels: SLICE_STYLES.map((style) => packed(...rgb(style[theme]), 1)),
        dimmedPixels: SLICE_STYLES.map((style) => packed(...rgb(style[theme]), DIMMED)),
      };
    }
    return this.#fills;
  }
}

/** What pieces of a lane are drawn into. */
interface Target {
  readonly fills: Fills;
  readonly columns: Columns;
  readonly later: (() => void)[];
}

/** The columns of a lane, and the picture of them, a pixel high, that is drawn as high as its rows are. */
class Strips {
  readonly #canvas = document.createElement("canvas");
  readonly #context = this.#canvas.getContext("2d");
  #columns = new Columns(0, 0);

  columns(width: number, rows: number): Columns {
    if (this.#columns.width !== width || this.#columns.rows < rows) {
      this.#columns = new Columns(width, rows);
      this.#canvas.width = Math.max(1, width);
      this.#canvas.height = Math.max(1, rows);
    } else this.#columns.clear();
    return this.#columns;
  }

  draw(context: CanvasRenderingContext2D, viewport: Viewport, topPx: number, rows: number): void {
    const { width, pixels } = this.#columns;
    if (!this.#context || rows === 0) return;
    const bytes = new Uint8ClampedArray(pixels.buffer, 0, width * rows * 4);
    this.#context.putImageData(new ImageData(bytes, width, rows), 0, 0);
    context.globalAlpha = 1;
    context.imageSmoothingEnabled = false;
    const widthPx = width / viewport.devicePixelRatio;
    for (let row = 0; row < rows; row++) {
      const rowTopPx = topPx + row * ROW_HEIGHT_PX;
      if (rowTopPx + HEIGHT_PX < 0 || rowTopPx > viewport.heightPx) continue;
      context.drawImage(this.#canvas, 0, row, width, 1, 0, rowTopPx, widthPx, HEIGHT_PX);
    }
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
