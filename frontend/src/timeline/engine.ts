/** The timeline without its surroundings: what is on screen, which tiles that needs, and drawing it at most once a frame. */

import type { Lanes } from "../api/types";
import type { Theme } from "../lib/modes";
import { axis, type Axis } from "../lib/time";
import type { RendererName, TimeWindow } from "../lib/urlState";
import * as camera from "./camera";
import { CanvasRenderer } from "./canvasRenderer";
import { GlRenderer } from "./glRenderer";
import { layOut, lanesOnScreen, rowAt, ROW_HEIGHT_PX, type Layout } from "./layout";
import { Overlay, type Outline } from "./overlay";
import { settledAfterMs } from "./settling";
import type { Stages } from "./stages";
import { planLane } from "./plan";
import { findSlice, neighbour, type SliceInfo } from "./query";
import type { Highlight, LanePieces, SliceRenderer, Viewport } from "./renderer";
import { TileCache } from "./tileCache";
import { TileLoader, type FetchTiles } from "./tileLoader";
import { levelFor, wantedTiles } from "./tiles";

export interface FrameReport {
  readonly slices: number;
  readonly calls: number;
  readonly loading: boolean;
  /** A gesture goes on. */
  readonly moving: boolean;
  readonly renderer: RendererName;
  readonly axis: Axis;
  readonly window: TimeWindow;
}

export interface EngineEvents {
  readonly drawn: (report: FrameReport) => void;
  readonly failed: (error: unknown) => void;
}

export interface EngineOptions {
  readonly container: HTMLElement;
  readonly fetchTiles: FetchTiles;
  readonly events: EngineEvents;
  /** null: WebGL2 where it is fast, else Canvas2D. */
  readonly renderer: RendererName | null;
}

/** Ticks are at least this far apart, so that their labels do not touch. */
const MIN_TICK_PX = 96;
/** How close to a narrow slice a click counts as on it. */
const HIT_TOLERANCE_PX = 3;

export class TimelineEngine {
  readonly #cache = new TileCache();
  readonly #loader: TileLoader;
  readonly #overlay: Overlay;
  #renderer: SliceRenderer;
  #lanes: Lanes | null = null;
  #layout: Layout = layOut([]);
  #window: TimeWindow = { beginNs: 0, endNs: 1 };
  #size = { widthPx: 0, heightPx: 0 };
  #scrollTopPx = 0;
  #theme: Theme = "light";
  #highlight: Highlight = null;
  #names: ReadonlyMap<number, string> = new Map();
  #selected: Outline | null = null;
  #hovered: Outline | null = null;
  #profiled: readonly TimeWindow[] = [];
  #stages: readonly Stages[] = [];
  #range: TimeWindow | null = null;
  /** While somebody zooms or pans, nothing is asked for: what comes of it is not known before they stop. */
  #settling: ReturnType<typeof setTimeout> | null = null;
  #movedAtMs = -Infinity;
  #marking: { readonly fromPx: number; readonly toPx: number } | null = null;
  #frameRequest: number | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | null = null;
  #disposed = false;

  constructor(private readonly options: EngineOptions) {
    this.#loader = new TileLoader(this.#cache, options.fetchTiles, {
      loaded: () => {
        this.requestDraw();
      },
      failed: (error) => {
        options.events.failed(error);
        this.#retryTimer ??= setTimeout(() => {
          this.#retryTimer = null;
          this.requestDraw();
        }, 3100);
      },
    });
    this.#renderer = this.#createRenderer();
    const overlayCanvas = newCanvas("overlay");
    const context = overlayCanvas.getContext("2d");
    if (!context) throw new Error("This browser cannot draw on a canvas, which the timeline needs.");
    options.container.append(this.#renderer.canvas, overlayCanvas);
    this.#overlay = new Overlay(overlayCanvas, context);
  }

  get window(): TimeWindow {
    return this.#window;
  }

  get data(): TimeWindow {
    const lanes = this.#lanes;
    return lanes
      ? { beginNs: lanes.begin_ns, endNs: Math.max(lanes.end_ns, lanes.begin_ns + 1) }
      : { beginNs: 0, endNs: 1 };
  }

  get layout(): Layout {
    return this.#layout;
  }

  get widthPx(): number {
    return this.#size.widthPx;
  }

  setLanes(lanes: Lanes): void {
    if (this.#lanes?.run !== lanes.run) {
      this.#loader.cancel();
      this.#cache.clear();
      this.#selected = this.#hovered = null;
    }
    this.#lanes = lanes;
    this.#layout = layOut(lanes.lanes);
    this.requestDraw();
  }

  setNames(names: ReadonlyMap<number, string>): void {
    this.#names = names;
    this.requestDraw();
  }

  setWindow(window: TimeWindow): void {
    this.#window = camera.clampWindow(window, this.data);
    this.requestDraw();
  }

  /** Changes the window as a part of a gesture that may go on. */
  move(window: TimeWindow): void {
    const nowMs = performance.now();
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = setTimeout(
      () => {
        this.#settling = null;
        this.requestDraw();
      },
      settledAfterMs(nowMs - this.#movedAtMs),
    );
    this.#movedAtMs = nowMs;
    this.setWindow(window);
  }

  fit(): void {
    this.setWindow(camera.fit(this.data));
  }

  zoom(factor: number, anchorPx = this.#size.widthPx / 2): void {
    this.move(camera.zoom(this.#window, this.data, factor, this.timeAt(anchorPx)));
  }

  panPx(byPx: number): void {
    this.move(camera.pan(this.#window, this.data, byPx * camera.timePerPx(this.#window, this.#size.widthPx)));
  }

  timeAt(xPx: number): number {
    return camera.pxToTime(this.#window, this.#size.widthPx, xPx);
  }

  resize(widthPx: number, heightPx: number): void {
    if (widthPx === this.#size.widthPx && heightPx === this.#size.heightPx) return;
    this.#size = { widthPx, heightPx };
    this.requestDraw();
  }

  setScrollTop(scrollTopPx: number): void {
    this.#scrollTopPx = scrollTopPx;
    this.requestDraw();
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    this.requestDraw();
  }

  setHighlight(highlight: Highlight): void {
    this.#highlight = highlight;
    this.requestDraw();
  }

  setProfiled(profiled: readonly TimeWindow[]): void {
    this.#profiled = profiled;
    this.requestDraw();
  }

  /** What the calls that waited for a trace did meanwhile. */
  setStages(stages: readonly Stages[]): void {
    this.#stages = stages;
    this.requestDraw();
  }

  setRange(range: TimeWindow | null): void {
    this.#range = range;
    this.requestDraw();
  }

  setMarking(marking: { readonly fromPx: number; readonly toPx: number } | null): void {
    this.#marking = marking;
    this.requestDraw();
  }

  select(slice: Pick<SliceInfo, "lane" | "row" | "startNs" | "durationNs"> | null): void {
    this.#selected = slice && this.#outlineOf(slice);
    this.requestDraw();
  }

  hover(slice: SliceInfo | null): void {
    const outline = slice && this.#outlineOf(slice);
    if (
      outline?.startNs === this.#hovered?.startNs &&
      outline?.row === this.#hovered?.row &&
      outline?.lane === this.#hovered?.lane
    ) {
      return;
    }
    this.#hovered = outline;
    this.requestDraw();
  }

  /** The slice at a point of the canvas. */
  sliceAt(xPx: number, yPx: number): SliceInfo | null {
    const hit = rowAt(this.#layout, yPx + this.#scrollTopPx);
    if (!hit) return null;
    const toleranceNs = HIT_TOLERANCE_PX * camera.timePerPx(this.#window, this.#size.widthPx);
    return findSlice(this.#piecesOf(hit.lane.info.lane), hit.row, this.timeAt(xPx), toleranceNs);
  }

  /** The next or previous slice in the row of `from`; the first on screen when nothing is selected. */
  neighbourOf(from: Pick<SliceInfo, "lane" | "row" | "startNs"> | null, step: 1 | -1): SliceInfo | null {
    const span = camera.spanNs(this.#window);
    const around = { beginNs: this.#window.beginNs - span, endNs: this.#window.endNs + span };
    if (from) return neighbour(this.#piecesOf(from.lane, around), from.row, from.startNs, step);
    const first = lanesOnScreen(this.#layout, this.#scrollTopPx, this.#size.heightPx)[0];
    return first ? neighbour(this.#piecesOf(first.info.lane), 0, -Infinity, 1) : null;
  }

  /** Where a row's top lies in the content, to scroll to it. */
  rowTopPx(laneNumber: number, row: number): number | null {
    const lane = this.#layout.lanes.find(({ info }) => info.lane === laneNumber);
    return lane ? lane.rowsTopPx + row * ROW_HEIGHT_PX : null;
  }

  requestDraw(): void {
    if (this.#disposed) return;
    this.#frameRequest ??= requestAnimationFrame(() => {
      this.#frameRequest = null;
      this.#draw();
    });
  }

  dispose(): void {
    this.#disposed = true;
    if (this.#frameRequest !== null) cancelAnimationFrame(this.#frameRequest);
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#loader.cancel();
    this.#renderer.dispose();
    this.#renderer.canvas.remove();
    this.#overlay.canvas.remove();
  }

  #draw(): void {
    const lanes = this.#lanes;
    // A hidden tab has no size: nothing to draw, and nothing to fetch.
    if (!lanes || this.#size.widthPx < 2 || this.#size.heightPx < 2) return;
    const viewport: Viewport = {
      ...this.#size,
      scrollTopPx: this.#scrollTopPx,
      devicePixelRatio: globalThis.devicePixelRatio || 1,
      window: this.#window,
    };
    const shown = lanesOnScreen(this.#layout, this.#scrollTopPx, this.#size.heightPx);
    const level = levelFor(camera.timePerPx(this.#window, this.#size.widthPx));
    const numbers = shown.map(({ info }) => info.lane);
    if (this.#settling === null)
      this.#loader.want(wantedTiles(numbers, level, this.#window, this.data), lanes.revision);
    const planned = shown.map((lane): LanePieces => ({ lane, pieces: this.#piecesOf(lane.info.lane) }));
    const frame = { viewport, lanes: planned, theme: this.#theme, highlight: this.#highlight };
    const { beginNs, endNs } = this.#window;
    const timeAxis = axis(beginNs, endNs, MIN_TICK_PX * camera.timePerPx(this.#window, this.#size.widthPx));
    this.#renderer.draw(frame);
    const counts = this.#overlay.draw({
      frame,
      ticks: timeAxis.ticks,
      nameOf: (functionId) => this.#nameOf(functionId),
      selected: this.#selected && this.#outlineAgain(this.#selected),
      hovered: this.#hovered && this.#outlineAgain(this.#hovered),
      marking: this.#marking,
      profiled: this.#profiled,
      stages: this.#stages,
      range: this.#range,
    });
    this.options.events.drawn({
      ...counts,
      loading: this.#settling !== null || this.#loader.pending > 0,
      moving: this.#settling !== null,
      renderer: this.#renderer.name,
      axis: timeAxis,
      window: this.#window,
    });
  }

  #piecesOf(lane: number, window = this.#window) {
    return planLane(this.#cache, lane, levelFor(camera.timePerPx(this.#window, this.#size.widthPx)), window);
  }

  #nameOf(functionId: number): string {
    return this.#names.get(functionId) ?? `function ${functionId}`;
  }

  #outlineOf(slice: Pick<SliceInfo, "lane" | "row" | "startNs" | "durationNs">): Outline | null {
    const lane = this.#layout.lanes.find(({ info }) => info.lane === slice.lane);
    return lane ? { lane, row: slice.row, startNs: slice.startNs, durationNs: slice.durationNs } : null;
  }

  /** Lanes move when a run grows, so an outline finds its lane anew. */
  #outlineAgain(outline: Outline): Outline | null {
    return this.#outlineOf({ ...outline, lane: outline.lane.info.lane });
  }

  #createRenderer(): SliceRenderer {
    const wanted = this.options.renderer;
    const glCanvas = newCanvas("slices");
    const gl = wanted === "canvas2d" ? null : GlRenderer.create(glCanvas, wanted === "webgl2");
    if (gl) {
      glCanvas.addEventListener("webglcontextlost", () => {
        if (this.#renderer === gl && !this.#disposed) this.#fallBack();
      });
      return gl;
    }
    return createCanvasRenderer();
  }

  /** A canvas keeps its kind of context for life, so another one takes its place. */
  #fallBack(): void {
    const lost = this.#renderer;
    this.#renderer = createCanvasRenderer();
    lost.canvas.replaceWith(this.#renderer.canvas);
    this.requestDraw();
  }
}

function createCanvasRenderer(): SliceRenderer {
  const renderer = CanvasRenderer.create(newCanvas("slices"));
  if (!renderer) throw new Error("This browser cannot draw on a canvas, which the timeline needs.");
  return renderer;
}

function newCanvas(name: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.className = name;
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}
