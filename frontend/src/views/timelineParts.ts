import { html, nothing, type TemplateResult } from "lit";
import { MODES, type FoundProfile, type LaneInfo, type Part, type ProcessInfo } from "../api/types";
import { MODE_STYLES, modeOfCode } from "../lib/modes";
import { PART_STYLES, partOfCode } from "../lib/parts";
import { plural, shortProcess } from "../lib/text";
import { formatDuration } from "../lib/time";
import * as camera from "../timeline/camera";
import type { FrameReport } from "../timeline/engine";
import type { Layout } from "../timeline/layout";
import type { TimeWindow } from "../lib/urlState";
import type { SliceInfo } from "../timeline/query";
import { FIRST_RUN_STYLE } from "../timeline/stages";
import { modeLabel } from "../widgets/modeSwatch";

/** Above the lanes: the times at the grid's lines. */
export function timeAxis(frame: FrameReport | null, widthPx: number, profiled: readonly TimeWindow[]): TemplateResult {
  const leftPx = (timeNs: number) => (frame ? camera.timeToPx(frame.window, widthPx, timeNs) : 0);
  return html`<div class="axis" aria-hidden="true" data-testid="ruler" title="Drag to select a range">
    <span class="base ellipsis quiet">${frame?.axis.base ? `${frame.axis.base} +` : "since the run's start"}</span>
    <div class="ticks">
      ${
        frame &&
        profiled.map(({ beginNs, endNs }) => {
          const [left, right] = [Math.max(0, leftPx(beginNs)), Math.min(widthPx, leftPx(endNs))];
          return right <= 0 || left >= widthPx
            ? nothing
            : html`<span
              class="profiled"
              data-testid="profiled"
              style="left:${left}px;width:${Math.max(2, right - left)}px"
            ></span>`;
        })
      }
      <canvas class="marks"></canvas>
    </div>
  </div>`;
}

export interface Folding {
  /** The lanes below which ops can be shown. */
  readonly lanes: ReadonlySet<number>;
  /** The threads whose ops are shown. */
  readonly unfolded: readonly number[];
  readonly toggle: (threadId: number) => void;
}

/** Left of the lanes: the threads; with the process of each where there are several. */
export function gutter(
  layout: Layout | undefined,
  processes: readonly ProcessInfo[],
  folding: Folding,
): TemplateResult {
  const processName = (number: number) => {
    const process = processes.length > 1 ? processes[number] : undefined;
    return process ? `${shortProcess(process)} · ` : "";
  };
  return html`<div class="gutter" role="list" aria-label="Threads">
    ${layout?.lanes.map(({ info, topPx, heightPx }) =>
      info.ops
        ? html`<div
            class="lane ops"
            role="listitem"
            data-testid="op-lane"
            style="top:${topPx}px;height:${heightPx}px"
            title="${info.ops.own_thread ? "On the thread itself" : info.label}, ${plural(info.calls, "event")}"
          >
            <div class="ellipsis">${info.ops.own_thread ? "on this thread" : info.label}</div>
          </div>`
        : html`<div
            class="lane"
            role="listitem"
            data-testid="lane"
            style="top:${topPx}px;height:${heightPx}px"
            title="${info.label}, ${processName(info.process)}${plural(info.calls, "call")}"
          >
            <div class="ellipsis">${info.label}</div>
            <div class="quiet ellipsis">
              ${folding.lanes.has(info.lane) ? foldButton(info, folding) : nothing}
              ${info.suspendable ? "suspendable · " : ""}${processName(info.process)}${plural(info.calls, "call")}
            </div>
          </div>`,
    )}
  </div>`;
}

function foldButton(info: LaneInfo, { toggle, unfolded }: Folding): TemplateResult {
  const isUnfolded = unfolded.includes(info.thread_id);
  return html`<button
    type="button"
    class="link fold"
    data-testid="fold"
    aria-expanded=${String(isUnfolded)}
    aria-label="Ops of ${info.label}"
    @click=${() => {
      toggle(info.thread_id);
    }}
  >
    ${isUnfolded ? "▾" : "▸"} ops
  </button>
  ·`;
}

export function legend(shows: { readonly ops: boolean; readonly profiled: boolean }): TemplateResult {
  return html`<ul class="legend" aria-label="Legend">
    ${MODES.map((mode) => html`<li>${modeLabel(MODE_STYLES[mode])}</li>`)}
    <li>${modeLabel(FIRST_RUN_STYLE)}</li>
    <li><span class="triangle" aria-hidden="true"></span>caused a trace</li>
    <li><span class="triangle up" aria-hidden="true"></span>raised</li>
    ${shows.profiled ? html`<li><span class="stretch" aria-hidden="true"></span>TensorFlow's profiler ran</li>` : nothing}
  </ul>
  ${
    shows.ops
      ? html`<ul class="legend" aria-label="Legend of ops">
        <li class="quiet">ops:</li>
        ${OP_PARTS.map((part) => html`<li>${modeLabel(PART_STYLES[part])}</li>`)}
      </ul>`
      : nothing
  }`;
}

export function zoomButtons(does: {
  readonly zoom: (factor: number) => void;
  readonly fit: () => void;
}): TemplateResult {
  const button = (factor: number, sign: string, label: string, testId: string) =>
    html`<button
      type="button"
      class="button"
      aria-label=${label}
      data-testid=${testId}
      @click=${() => {
        does.zoom(factor);
      }}
    >
      ${sign}
    </button>`;
  return html`<span class="zoom">
    ${button(2, "+", "Zoom in", "zoom-in")} ${button(0.5, "−", "Zoom out", "zoom-out")}
    <button type="button" class="button" data-testid="zoom-fit" @click=${does.fit}>Fit all</button>
  </span>`;
}

/** What is doubtful about profiles, or why they are not shown. */
export function profileNotes(
  profiles: readonly FoundProfile[],
  failure: string | null,
): TemplateResult | typeof nothing {
  const notes = [...profiles.flatMap(({ note }) => note ?? []), ...(failure === null ? [] : [failure])];
  if (notes.length === 0) return nothing;
  return html`<details class="notes quiet" data-testid="profile-notes">
    <summary>${plural(notes.length, "note")} on profiles</summary>
    ${notes.map((note) => html`<p>${note}</p>`)}
  </details>`;
}

export interface TooltipText {
  readonly name: string;
  /** Why the trace happened that the slice caused; null if it caused none. */
  readonly reason: string | null;
}

/** The parts that slices of ops may be. */
const OP_PARTS: readonly Part[] = ["ops", "dispatch", "compile", "copies"];

/** What lies under the pointer, beside it. */
export function tooltip(slice: SliceInfo, xPx: number, yPx: number, text: TooltipText): TemplateResult {
  const mode = modeOfCode(slice.modeCode);
  const part = partOfCode(slice.modeCode);
  const style = mode ? MODE_STYLES[mode] : part ? PART_STYLES[part] : null;
  const noun = part ? "op" : "call";
  const left = Math.min(xPx + 14, Math.max(8, window.innerWidth - 300));
  const below = yPx + 110 < window.innerHeight;
  const vertical = below ? `top:${yPx + 16}px` : `bottom:${window.innerHeight - yPx + 12}px`;
  return html`<div class="tooltip" role="tooltip" data-testid="timeline-tooltip" style="left:${left}px;${vertical}">
    <b>${slice.calls > 1 ? plural(slice.calls, noun) : text.name}</b>
    <div>
      ${style ? modeLabel(style) : nothing} ${formatDuration(slice.durationNs)}
      <span class="quiet">at ${formatDuration(slice.startNs)}</span>
    </div>
    ${slice.calls > 1 ? html`<div class="quiet">longest: ${text.name}</div>` : nothing}
    ${text.reason === null ? nothing : html`<div>▼ caused a trace: ${text.reason}</div>`}
    ${slice.raised ? html`<div>▲ raised</div>` : nothing}
  </div>`;
}
