import { html, nothing, type TemplateResult } from "lit";
import { MODES, type ProcessInfo } from "../api/types";
import { MODE_STYLES, modeOfCode } from "../lib/modes";
import { plural, shortProcess } from "../lib/text";
import { formatDuration } from "../lib/time";
import * as camera from "../timeline/camera";
import type { FrameReport } from "../timeline/engine";
import type { Layout } from "../timeline/layout";
import type { SliceInfo } from "../timeline/query";
import { modeLabel } from "../widgets/modeSwatch";

/** Above the lanes: the times at the grid's lines. */
export function timeAxis(frame: FrameReport | null, widthPx: number): TemplateResult {
  const leftPx = (timeNs: number) => (frame ? camera.timeToPx(frame.window, widthPx, timeNs) : 0);
  return html`<div class="axis" aria-hidden="true">
    <span class="base ellipsis quiet">${frame?.axis.base ? `${frame.axis.base} +` : "since the run's start"}</span>
    <div class="ticks">
      ${frame?.axis.ticks.map(
        ({ timeNs, label }) =>
          html`<span class="tick" style="left:${leftPx(timeNs)}px"
            >${fits(label, leftPx(timeNs), widthPx) ? label : nothing}</span
          >`,
      )}
    </div>
  </div>`;
}

/** Left of the lanes: the threads; with the process of each where there are several. */
export function gutter(layout: Layout | undefined, processes: readonly ProcessInfo[]): TemplateResult {
  const processName = (number: number) => {
    const process = processes.length > 1 ? processes[number] : undefined;
    return process ? `${shortProcess(process)} · ` : "";
  };
  return html`<div class="gutter" role="list" aria-label="Threads">
    ${layout?.lanes.map(
      ({ info, topPx, heightPx }) =>
        html`<div
          class="lane"
          role="listitem"
          data-testid="lane"
          style="top:${topPx}px;height:${heightPx}px"
          title="${info.label}, ${processName(info.process)}${plural(info.calls, "call")}"
        >
          <div class="ellipsis">${info.label}</div>
          <div class="quiet ellipsis">
            ${info.suspendable ? "suspendable · " : ""}${processName(info.process)}${plural(info.calls, "call")}
          </div>
        </div>`,
    )}
  </div>`;
}

export function legend(): TemplateResult {
  return html`<ul class="legend" aria-label="Legend">
    ${MODES.map((mode) => html`<li>${modeLabel(MODE_STYLES[mode])}</li>`)}
    <li><span class="triangle" aria-hidden="true"></span>caused a trace</li>
    <li><span class="triangle up" aria-hidden="true"></span>raised</li>
  </ul>`;
}

export interface TooltipText {
  readonly name: string;
  /** Why the trace happened that the slice caused; null if it caused none. */
  readonly reason: string | null;
}

/** What lies under the pointer, beside it. */
export function tooltip(slice: SliceInfo, xPx: number, yPx: number, text: TooltipText): TemplateResult {
  const mode = modeOfCode(slice.modeCode);
  const left = Math.min(xPx + 14, Math.max(8, window.innerWidth - 300));
  const below = yPx + 110 < window.innerHeight;
  const vertical = below ? `top:${yPx + 16}px` : `bottom:${window.innerHeight - yPx + 12}px`;
  return html`<div class="tooltip" role="tooltip" data-testid="timeline-tooltip" style="left:${left}px;${vertical}">
    <b>${slice.calls > 1 ? plural(slice.calls, "call") : text.name}</b>
    <div>
      ${mode ? modeLabel(MODE_STYLES[mode]) : nothing} ${formatDuration(slice.durationNs)}
      <span class="quiet">at ${formatDuration(slice.startNs)}</span>
    </div>
    ${slice.calls > 1 ? html`<div class="quiet">longest: ${text.name}</div>` : nothing}
    ${text.reason === null ? nothing : html`<div>▼ caused a trace: ${text.reason}</div>`}
    ${slice.raised ? html`<div>▲ raised</div>` : nothing}
  </div>`;
}

const LABEL_PX_PER_CHARACTER = 7;

/** Whether an axis label that begins at a place ends before the axis does; one that does not is better left out than cut. */
function fits(label: string, leftPx: number, widthPx: number): boolean {
  return leftPx + (label.length + 1) * LABEL_PX_PER_CHARACTER <= widthPx;
}
