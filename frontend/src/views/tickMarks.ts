/** The marks of the ruler, on a canvas: as elements they cost more in every frame of a gesture than all slices. */

import type { Theme } from "../lib/modes";
import { timeToPx } from "../timeline/camera";
import type { FrameReport } from "../timeline/engine";

const FONT = "11px Roboto, system-ui, sans-serif";
const TEXT_LEFT_PX = 5;
const TEXT_MIDDLE_PX = 11;
const MARK_TOP_PX = 9;
/** `--text` and `--border-strong` of styles.ts, which to ask the page for in every frame would cost as much. */
const COLOURS = {
  light: { text: "#1f2328", mark: "#878e95" },
  dark: { text: "#ececec", mark: "#8f9499" },
} as const;

/** Draws the marks of a frame; a label that would be cut at the end is left out. */
export function drawTicks(canvas: HTMLCanvasElement, { axis, window }: FrameReport, theme: Theme): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = globalThis.devicePixelRatio || 1;
  const { clientWidth: widthPx, clientHeight: heightPx } = canvas;
  const [width, height] = [Math.round(widthPx * ratio), Math.round(heightPx * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, widthPx, heightPx);
  context.font = FONT;
  context.textBaseline = "middle";
  for (const { timeNs, label } of axis.ticks) {
    const leftPx = timeToPx(window, widthPx, timeNs);
    context.fillStyle = COLOURS[theme].mark;
    context.fillRect(Math.round(leftPx), MARK_TOP_PX, 1, heightPx - MARK_TOP_PX);
    if (leftPx + TEXT_LEFT_PX + context.measureText(label).width > widthPx) continue;
    context.fillStyle = COLOURS[theme].text;
    context.fillText(label, leftPx + TEXT_LEFT_PX, TEXT_MIDDLE_PX);
  }
}
