/** The window of time on screen, and how zooming and panning move it. Times stay float64 nanoseconds throughout. */

import type { TimeWindow } from "../lib/urlState";

/** Narrower than this, a nanosecond would be wider than a name. */
export const MIN_SPAN_NS = 16;
/** How far past the data one can zoom out, so that its ends are seen to be ends. */
const MAX_SPAN_FACTOR = 1.25;
/** What stays of the data on screen however far one pans, as a share of the window. */
const KEPT_ON_SCREEN = 0.1;
/** Room left and right of what is zoomed to. */
const MARGIN = 0.02;

export function spanNs(window: TimeWindow): number {
  return window.endNs - window.beginNs;
}

export function timePerPx(window: TimeWindow, widthPx: number): number {
  return spanNs(window) / Math.max(1, widthPx);
}

/** Subtracts before it scales, so that a position far from zero keeps its precision. */
export function timeToPx(window: TimeWindow, widthPx: number, timeNs: number): number {
  return ((timeNs - window.beginNs) / spanNs(window)) * widthPx;
}

export function pxToTime(window: TimeWindow, widthPx: number, xPx: number): number {
  return window.beginNs + (xPx / Math.max(1, widthPx)) * spanNs(window);
}

/** The whole of `data`, with a little room; something showable even for a single call without duration. */
export function fit(data: TimeWindow): TimeWindow {
  const span = Math.max(MIN_SPAN_NS, spanNs(data));
  const middleNs = data.beginNs + spanNs(data) / 2;
  const half = (span / 2) * (1 + 2 * MARGIN);
  return { beginNs: middleNs - half, endNs: middleNs + half };
}

/** The nearest window that is neither too narrow nor too wide nor away from the data. */
export function clampWindow(window: TimeWindow, data: TimeWindow): TimeWindow {
  const widest = spanNs(fit(data)) * MAX_SPAN_FACTOR;
  const span = Math.min(Math.max(spanNs(window), MIN_SPAN_NS), widest);
  const middleNs = window.beginNs + spanNs(window) / 2;
  const kept = span * KEPT_ON_SCREEN;
  const earliestNs = data.beginNs - span + kept;
  const latestNs = data.endNs - kept;
  const beginNs = Math.min(Math.max(middleNs - span / 2, earliestNs), Math.max(earliestNs, latestNs));
  return { beginNs, endNs: beginNs + span };
}

/** Zooms in by `factor` (> 1) or out (< 1) while the time at `anchorNs` stays where it is on screen. */
export function zoom(window: TimeWindow, data: TimeWindow, factor: number, anchorNs: number): TimeWindow {
  const widest = spanNs(fit(data)) * MAX_SPAN_FACTOR;
  const span = Math.min(Math.max(spanNs(window) / factor, MIN_SPAN_NS), widest);
  const share = (anchorNs - window.beginNs) / spanNs(window);
  const beginNs = anchorNs - share * span;
  return clampWindow({ beginNs, endNs: beginNs + span }, data);
}

export function pan(window: TimeWindow, data: TimeWindow, byNs: number): TimeWindow {
  return clampWindow({ beginNs: window.beginNs + byNs, endNs: window.endNs + byNs }, data);
}

/** Moves the window the least that shows `[beginNs, endNs)`; as it is when that is on screen already. */
export function reveal(window: TimeWindow, data: TimeWindow, target: TimeWindow): TimeWindow {
  const span = spanNs(window);
  if (target.endNs > window.beginNs && target.beginNs < window.endNs) return window;
  const middleNs = (target.beginNs + target.endNs) / 2;
  const anchorNs = spanNs(target) > span ? target.beginNs + 0.4 * span : middleNs;
  return clampWindow({ beginNs: anchorNs - span / 2, endNs: anchorNs + span / 2 }, data);
}
