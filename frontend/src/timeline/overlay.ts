/** What lies above the slices: names, markers, grid, selection. */

import { SLICE_TEXT } from "../lib/modes";
import { plural } from "../lib/text";
import type { Tick } from "../lib/time";
import type { TimeWindow } from "../lib/urlState";
import { timeToPx } from "./camera";
import { ROW_GAP_PX, ROW_HEIGHT_PX, type PlacedLane } from "./layout";
import { forEachVisible } from "./query";
import { FLAG_RAISED } from "../api/slices";
import type { Stages } from "./stages";
import { RAISED_COLOUR, TRACED_COLOUR, fitCanvas, type Frame, type LanePieces } from "./renderer";

export interface Outline {
  readonly lane: PlacedLane;
  readonly row: number;
  readonly startNs: number;
  readonly durationNs: number;
}

export interface OverlayState {
  readonly frame: Frame;
  readonly ticks: readonly Tick[];
  readonly nameOf: (functionId: number) => string;
  readonly selected: Outline | null;
  readonly hovered: Outline | null;
  /** The stretch being marked by shift and drag, in CSS pixels. */
  readonly marking: { readonly fromPx: number; readonly toPx: number } | null;
  /** While what TensorFlow's profiler ran. */
  readonly profiled: readonly TimeWindow[];
  readonly stages: readonly Stages[];
  /** The range that is selected on the ruler. */
  readonly range: TimeWindow | null;
}

export interface Counts {
  readonly slices: number;
  readonly calls: number;
}

const FONT = "11px Roboto, system-ui, sans-serif";
const MIN_TEXT_PX = 24;
const TEXT_PADDING_PX = 4;
const MARKER_PX = 8;
/** Above a stage the colour of the call itself is seen. */
const STAGE_TOP_PX = 3;
const MARKER_SPACING_PX = 5;
const COLOURS = {
  light: {
    grid: "rgb(0 0 0 / 8%)",
    outline: "#000000",
    halo: "#ffffff",
    lane: "rgb(0 0 0 / 14%)",
    mark: "rgb(25 118 210 / 20%)",
    profiled: "rgb(0 105 92 / 9%)",
    profiledEdge: "rgb(0 105 92 / 55%)",
  },
  dark: {
    grid: "rgb(255 255 255 / 8%)",
    outline: "#ffffff",
    halo: "#000000",
    lane: "rgb(255 255 255 / 16%)",
    mark: "rgb(100 181 246 / 25%)",
    profiled: "rgb(128 203 196 / 12%)",
    profiledEdge: "rgb(128 203 196 / 60%)",
  },
} as const;

export class Overlay {
  readonly #widths = new Map<string, number>();

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly context: CanvasRenderingContext2D,
  ) {}

  draw(state: OverlayState): Counts {
    const { context } = this;
    const { frame } = state;
    const { viewport } = frame;
    if (!fitCanvas(this.canvas, viewport)) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    }
    context.setTransform(viewport.devicePixelRatio, 0, 0, viewport.devicePixelRatio, 0, 0);
    this.#drawProfiled(state);
    this.#drawGrid(state);
    this.#drawStages(state);
    let slices = 0;
    let calls = 0;
    for (const lane of frame.lanes) {
      const counts = this.#drawLane(state, lane);
      slices += counts.slices;
      calls += counts.calls;
    }
    if (state.hovered) this.#drawOutline(state, state.hovered, 1);
    if (state.selected) this.#drawOutline(state, state.selected, 2);
    if (state.range) this.#drawRange(frame, state.range);
    if (state.marking) {
      const { fromPx, toPx } = state.marking;
      context.fillStyle = COLOURS[frame.theme].mark;
      context.fillRect(Math.min(fromPx, toPx), 0, Math.abs(toPx - fromPx), viewport.heightPx);
    }
    return { slices, calls };
  }

  #drawProfiled({ frame, profiled }: OverlayState): void {
    const { context } = this;
    const { viewport, theme } = frame;
    const edges = COLOURS[theme].profiledEdge;
    for (const { beginNs, endNs } of profiled) {
      const left = timeToPx(viewport.window, viewport.widthPx, beginNs);
      const right = timeToPx(viewport.window, viewport.widthPx, endNs);
      if (right < 0 || left > viewport.widthPx) continue;
      context.fillStyle = COLOURS[theme].profiled;
      context.fillRect(left, 0, right - left, viewport.heightPx);
      context.fillStyle = edges;
      context.fillRect(Math.round(left), 0, 1, viewport.heightPx);
      context.fillRect(Math.round(right), 0, 1, viewport.heightPx);
    }
  }

  /** Tracing and first runs, in their colours, inside the calls that waited for them. */
  #drawStages({ frame, stages }: OverlayState): void {
    const { context } = this;
    const { viewport, theme } = frame;
    const lanes = new Map(frame.lanes.map(({ lane }) => [lane.info.lane, lane]));
    for (const { style, lane: numbers, row: rows, startNs, durationNs } of stages) {
      context.fillStyle = style[theme];
      for (let index = 0; index < startNs.length; index++) {
        const lane = lanes.get(numbers[index] ?? -1);
        if (!lane) continue;
        const begin = startNs[index] ?? 0;
        const left = Math.max(0, timeToPx(viewport.window, viewport.widthPx, begin));
        const right = timeToPx(viewport.window, viewport.widthPx, begin + (durationNs[index] ?? 0));
        const top = lane.rowsTopPx - viewport.scrollTopPx + (rows[index] ?? 0) * ROW_HEIGHT_PX;
        if (right - left < 1 || left > viewport.widthPx || top > viewport.heightPx || top + ROW_HEIGHT_PX < 0) continue;
        const width = Math.min(right, viewport.widthPx) - left;
        context.fillRect(left, top + STAGE_TOP_PX, width, ROW_HEIGHT_PX - ROW_GAP_PX - STAGE_TOP_PX);
      }
    }
  }

  #drawRange({ viewport, theme }: Frame, range: TimeWindow): void {
    const { context } = this;
    const left = timeToPx(viewport.window, viewport.widthPx, range.beginNs);
    const right = timeToPx(viewport.window, viewport.widthPx, range.endNs);
    context.fillStyle = COLOURS[theme].mark;
    context.fillRect(left, 0, right - left, viewport.heightPx);
    context.fillStyle = COLOURS[theme].outline;
    context.fillRect(Math.round(left), 0, 1, viewport.heightPx);
    context.fillRect(Math.round(right), 0, 1, viewport.heightPx);
  }

  #drawGrid({ frame, ticks }: OverlayState): void {
    const { context } = this;
    const { viewport, theme } = frame;
    context.fillStyle = COLOURS[theme].grid;
    for (const tick of ticks) {
      context.fillRect(Math.round(timeToPx(viewport.window, viewport.widthPx, tick.timeNs)), 0, 1, viewport.heightPx);
    }
    context.fillStyle = COLOURS[theme].lane;
    for (const { lane } of frame.lanes) {
      context.fillRect(0, lane.topPx + lane.heightPx - viewport.scrollTopPx - 1, viewport.widthPx, 1);
    }
  }

  #drawLane(state: OverlayState, { lane, pieces }: LanePieces): Counts {
    const { context } = this;
    const { viewport, highlight } = state.frame;
    const counts = { slices: 0, calls: 0 };
    const lastTracedPx = new Map<number, number>();
    const lastRaisedPx = new Map<number, number>();
    context.font = FONT;
    context.textBaseline = "middle";
    forEachVisible(pieces, (tile, index) => {
      const { slices } = tile;
      const calls = slices.calls[index] ?? 1;
      counts.slices++;
      if (!lane.info.ops) counts.calls += calls;
      const startNs = slices.startNs[index] ?? 0;
      const traced = (slices.traceId[index] ?? -1) >= 0;
      const raised = ((slices.flags[index] ?? 0) & FLAG_RAISED) !== 0;
      const leftPx = timeToPx(viewport.window, viewport.widthPx, startNs);
      const rightPx = timeToPx(viewport.window, viewport.widthPx, startNs + (slices.durationNs[index] ?? 0));
      const shownPx = Math.min(rightPx, viewport.widthPx) - Math.max(leftPx, 0);
      if (!traced && !raised && shownPx < MIN_TEXT_PX) return;
      const row = slices.row[index] ?? 0;
      const topPx = lane.rowsTopPx - viewport.scrollTopPx + row * ROW_HEIGHT_PX;
      if (topPx + ROW_HEIGHT_PX < 0 || topPx > viewport.heightPx) return;
      const functionId = slices.functionId[index] ?? -1;
      if (shownPx >= MIN_TEXT_PX && (!highlight || highlight.has(functionId))) {
        const markPx = traced && leftPx > -MARKER_PX ? MARKER_PX + 1 : 0;
        const text = calls > 1 ? plural(calls, lane.info.ops ? "op" : "call") : state.nameOf(functionId);
        this.#drawText(
          text,
          Math.max(leftPx, 0) + TEXT_PADDING_PX + markPx,
          topPx,
          shownPx - 2 * TEXT_PADDING_PX - markPx,
        );
      }
      const markerPx = rightPx - leftPx < MARKER_PX ? (leftPx + rightPx) / 2 - MARKER_PX / 2 : leftPx + 1;
      if (traced && markerPx - (lastTracedPx.get(row) ?? -Infinity) >= MARKER_SPACING_PX) {
        lastTracedPx.set(row, markerPx);
        this.#drawMarker(markerPx, topPx, 1, TRACED_COLOUR);
      }
      if (raised && markerPx - (lastRaisedPx.get(row) ?? -Infinity) >= MARKER_SPACING_PX) {
        lastRaisedPx.set(row, markerPx);
        this.#drawMarker(markerPx, topPx + ROW_HEIGHT_PX - ROW_GAP_PX, -1, RAISED_COLOUR);
      }
    });
    return counts;
  }

  /** A triangle that points down from the top of a row, or up from its bottom. */
  #drawMarker(leftPx: number, edgePx: number, direction: 1 | -1, colour: string): void {
    const { context } = this;
    context.beginPath();
    context.moveTo(leftPx, edgePx);
    context.lineTo(leftPx + MARKER_PX, edgePx);
    context.lineTo(leftPx + MARKER_PX / 2, edgePx + direction * MARKER_PX);
    context.closePath();
    context.lineWidth = 2;
    context.strokeStyle = "#ffffff";
    context.stroke();
    context.fillStyle = colour;
    context.fill();
  }

  #drawText(text: string, leftPx: number, topPx: number, widthPx: number): void {
    const widthOfText = this.#widthOf(text);
    let shown = text;
    if (widthOfText > widthPx) {
      const kept = Math.floor((text.length * widthPx) / widthOfText) - 1;
      if (kept < 2) return;
      shown = `${text.slice(0, kept)}…`;
    }
    this.context.fillStyle = SLICE_TEXT;
    this.context.fillText(shown, leftPx, topPx + (ROW_HEIGHT_PX - ROW_GAP_PX) / 2 + 1);
  }

  #widthOf(text: string): number {
    let width = this.#widths.get(text);
    if (width === undefined) {
      if (this.#widths.size > 20_000) this.#widths.clear();
      width = this.context.measureText(text).width;
      this.#widths.set(text, width);
    }
    return width;
  }

  #drawOutline({ frame }: OverlayState, outline: Outline, lineWidth: number): void {
    const { context } = this;
    const { viewport, theme } = frame;
    const left = Math.max(-4, timeToPx(viewport.window, viewport.widthPx, outline.startNs));
    const right = Math.min(
      viewport.widthPx + 4,
      timeToPx(viewport.window, viewport.widthPx, outline.startNs + outline.durationNs),
    );
    const top = outline.lane.rowsTopPx - viewport.scrollTopPx + outline.row * ROW_HEIGHT_PX;
    const width = Math.max(3, right - left);
    const height = ROW_HEIGHT_PX - ROW_GAP_PX;
    context.lineWidth = lineWidth + 2;
    context.strokeStyle = COLOURS[theme].halo;
    context.strokeRect(left, top, width, height);
    context.lineWidth = lineWidth;
    context.strokeStyle = COLOURS[theme].outline;
    context.strokeRect(left, top, width, height);
  }
}
