import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { errorMessage, isAbort, type ApiClient } from "../api/client";
import { MODES, type CallInfo, type Lanes, type RunReport } from "../api/types";
import { MODE_STYLES, modeOfCode, type Theme } from "../lib/modes";
import { formatCount, matches, plural } from "../lib/text";
import { formatDuration } from "../lib/time";
import { DEFAULT_URL_STATE, type TimeWindow, type UrlState } from "../lib/urlState";
import { sharedStyles } from "../styles";
import * as camera from "../timeline/camera";
import { TimelineEngine, type FrameReport } from "../timeline/engine";
import { Interaction } from "../timeline/interaction";
import type { SliceInfo } from "../timeline/query";
import { resolutionNs, tileWindow } from "../timeline/tiles";
import { modeLabel, modeStyles } from "../widgets/modeSwatch";
import { NavigateEvent } from "../widgets/navigate";
import "./callDetails";
import { timelineStyles } from "./timelineStyles";

interface Tooltip {
  readonly slice: SliceInfo;
  readonly xPx: number;
  readonly yPx: number;
}

const MOVED_AFTER_MS = 150;

/** Calls over time: a lane for each thread, a row for each depth. */
@customElement("mt-timeline-view")
export class TimelineView extends LitElement {
  static override styles = [sharedStyles, modeStyles, timelineStyles];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property() run = "";
  @property() revision = "";
  @property({ attribute: false }) report: RunReport | null = null;
  @property({ reflect: true }) theme: Theme = "light";
  @property({ type: Boolean }) active = false;
  @property({ attribute: false }) url: UrlState = DEFAULT_URL_STATE;

  @state() private lanes: Lanes | null = null;
  @state() private failure: string | null = null;
  @state() private selected: SliceInfo | null = null;
  @state() private call: CallInfo | null = null;
  @state() private callFailure: string | null = null;
  @state() private tooltip: Tooltip | null = null;
  @state() private frame: FrameReport | null = null;

  @query(".surface") private surface!: HTMLElement;
  @query(".scroller") private scroller!: HTMLElement;

  private engine: TimelineEngine | null = null;
  private interaction: Interaction | null = null;
  private resizes: ResizeObserver | null = null;
  private names: ReadonlyMap<number, string> = new Map();
  private matching = 0;
  /** The window this view last told the app; another one in the address was set by somebody else. */
  private toldWindow: TimeWindow | null = null;
  private fitted = true;
  private movedTimer: ReturnType<typeof setTimeout> | null = null;
  private lanesRequest: { readonly key: string; readonly controller: AbortController } | null = null;
  private callRequest: AbortController | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.lanesRequest?.controller.abort();
    this.callRequest?.abort();
    this.interaction?.dispose();
    this.engine?.dispose();
    this.resizes?.disconnect();
    this.engine = null;
  }

  protected override firstUpdated(): void {
    try {
      this.engine = new TimelineEngine({
        container: this.surface,
        renderer: this.url.renderer,
        fetchTile: ({ lane, level, index }, signal) => {
          if (!this.api) throw new Error("The timeline has no connection to TensorBoard.");
          const request = { run: this.run, lane, resolutionNs: resolutionNs(level), ...tileWindow(level, index) };
          return this.api.slices(request, signal);
        },
        events: {
          drawn: (report) => {
            this.onDrawn(report);
          },
          failed: (error) => {
            this.failure = errorMessage(error);
          },
        },
      });
    } catch (error) {
      this.failure = errorMessage(error);
      return;
    }
    this.interaction = new Interaction(this.surface, this.scroller, this.engine, {
      picked: (slice) => {
        this.pick(slice);
      },
      hovered: (slice, xPx, yPx) => {
        this.tooltip = slice && { slice, xPx, yPx };
      },
      moved: () => {
        this.onMoved();
      },
      stepped: (step) => {
        const next = this.engine?.neighbourOf(this.selected, step);
        if (next) this.pick(next, true);
      },
      zoomedToSelection: () => {
        this.zoomTo(this.selected);
      },
      zoomedTo: (slice) => {
        this.zoomTo(slice);
      },
    });
    this.scroller.addEventListener("scroll", () => this.engine?.setScrollTop(this.scroller.scrollTop), {
      passive: true,
    });
    this.resizes = new ResizeObserver(() => {
      const heightPx = this.scroller.clientHeight;
      this.surface.style.height = `${heightPx}px`;
      this.engine?.resize(this.surface.clientWidth, heightPx);
    });
    this.resizes.observe(this.scroller);
    this.resizes.observe(this.surface);
  }

  protected override updated(changed: PropertyValues<this>): void {
    const { engine } = this;
    if (!engine) return;
    if (changed.has("run") && changed.get("run") !== undefined) this.forgetRun();
    if (changed.has("theme")) engine.setTheme(this.theme);
    if (changed.has("report")) {
      this.names = new Map((this.report?.functions ?? []).map((info) => [info.function_id, info.name]));
      engine.setNames(this.names);
    }
    const filterBefore = changed.get("url")?.filter;
    if (changed.has("report") || (changed.has("url") && filterBefore !== this.url.filter)) this.applySearch();
    if (this.active) void this.loadLanes();
    if (changed.has("url") && this.lanes) this.applyUrl();
  }

  override render(): TemplateResult {
    const { frame, lanes, engine } = this;
    return html`
      ${this.renderToolbar()}
      ${this.failure === null ? nothing : html`<p class="notice error" role="alert" data-testid="timeline-error">${this.failure}</p>`}
      <div class="axis" aria-hidden="true">
        <span class="base ellipsis quiet">${frame?.axis.base ? `${frame.axis.base} +` : "since the run's start"}</span>
        <div class="ticks">
          ${
            frame && engine
              ? frame.axis.ticks.map(
                  ({ timeNs, label }) =>
                    html`<span class="tick" style="left:${camera.timeToPx(frame.window, engine.widthPx, timeNs)}px"
                      >${fits(label, camera.timeToPx(frame.window, engine.widthPx, timeNs), engine.widthPx) ? label : nothing}</span
                    >`,
                )
              : nothing
          }
        </div>
      </div>
      <div class="scroller">
        <div class="content" style="height:${engine?.layout.heightPx ?? 0}px">
          <div class="gutter" role="list" aria-label="Threads">
            ${engine?.layout.lanes.map(
              ({ info, topPx, heightPx }) =>
                html`<div
                  class="lane"
                  role="listitem"
                  data-testid="lane"
                  style="top:${topPx}px;height:${heightPx}px"
                  title="${info.label}, ${plural(info.calls, "call")}"
                >
                  <div class="ellipsis">${info.label}</div>
                  <div class="quiet ellipsis">
                    ${info.suspendable ? "suspendable · " : ""}${this.manyProcesses ? `process ${info.process} · ` : ""}${plural(info.calls, "call")}
                  </div>
                </div>`,
            )}
          </div>
          <div
            class="surface"
            tabindex="0"
            role="application"
            aria-roledescription="timeline"
            aria-label="Timeline of calls. W and S zoom, A and D pan, N and P go to the next and previous call, Enter zooms to it, 0 shows everything."
            data-testid="timeline-canvas"
            data-slices=${frame?.slices ?? 0}
            data-calls=${frame?.calls ?? 0}
            data-renderer=${frame?.renderer ?? ""}
            data-loading=${String(frame?.loading ?? true)}
            data-begin-ns=${frame?.window.beginNs ?? ""}
            data-end-ns=${frame?.window.endNs ?? ""}
          ></div>
        </div>
        ${lanes?.lanes.length === 0 ? html`<p class="nothing quiet">No call has ended in this run yet.</p>` : nothing}
      </div>
      ${
        this.selected || this.call || this.callFailure
          ? html`<mt-call-details
            .slice=${this.selected}
            .call=${this.call}
            .report=${this.report}
            .failure=${this.callFailure}
            @mt-zoom=${() => {
              this.zoomTo(this.selected);
            }}
          ></mt-call-details>`
          : html`<p class="keys">
            Ctrl + wheel or W S zoom · drag or A D pan · Shift + drag zooms to a stretch · click for details · double click
            zooms to a call · N P next and previous · 0 everything
          </p>`
      }
      <span class="visually-hidden" aria-live="polite">${this.selected ? this.describe(this.selected) : ""}</span>
      ${this.renderTooltip()}
    `;
  }

  private renderToolbar(): TemplateResult {
    const { frame } = this;
    const act = (change: (engine: TimelineEngine) => void) => () => {
      if (this.engine) change(this.engine);
      this.onMoved();
    };
    return html`<div class="toolbar">
      <input
        type="search"
        data-testid="timeline-search"
        placeholder="Find functions"
        aria-label="Find functions by name; others are dimmed"
        .value=${this.url.filter}
        @input=${(event: Event) => {
          this.dispatchEvent(new NavigateEvent({ filter: (event.target as HTMLInputElement).value }));
        }}
      />
      ${this.url.filter === "" ? nothing : html`<span class="quiet" role="status">${plural(this.matching, "function")}</span>`}
      <span class="zoom">
        <button type="button" class="button" aria-label="Zoom in" data-testid="zoom-in" @click=${act((engine) => {
          engine.zoom(2);
        })}>+</button>
        <button type="button" class="button" aria-label="Zoom out" data-testid="zoom-out" @click=${act((engine) => {
          engine.zoom(0.5);
        })}>−</button>
        <button
          type="button"
          class="button"
          data-testid="zoom-fit"
          @click=${() => {
            this.fit();
          }}
        >
          Fit all
        </button>
      </span>
      <span class="quiet progress">${frame?.loading ? "Loading…" : frame ? formatDuration(frame.window.endNs - frame.window.beginNs) : nothing}</span>
      <ul class="legend" aria-label="Legend">
        ${MODES.map((mode) => html`<li>${modeLabel(MODE_STYLES[mode])}</li>`)}
        <li><span class="triangle" aria-hidden="true"></span>caused a trace</li>
        <li><span class="triangle up" aria-hidden="true"></span>raised</li>
      </ul>
    </div>`;
  }

  private renderTooltip(): TemplateResult | typeof nothing {
    const { tooltip } = this;
    if (!tooltip) return nothing;
    const { slice } = tooltip;
    const mode = modeOfCode(slice.modeCode);
    const left = Math.min(tooltip.xPx + 14, Math.max(8, window.innerWidth - 300));
    const below = tooltip.yPx + 110 < window.innerHeight;
    const vertical = below ? `top:${tooltip.yPx + 16}px` : `bottom:${window.innerHeight - tooltip.yPx + 12}px`;
    return html`<div class="tooltip" role="tooltip" data-testid="timeline-tooltip" style="left:${left}px;${vertical}">
      <b>${slice.calls > 1 ? plural(slice.calls, "call") : this.nameOf(slice.functionId)}</b>
      <div>
        ${mode ? modeLabel(MODE_STYLES[mode]) : nothing} ${formatDuration(slice.durationNs)}
        <span class="quiet">at ${formatDuration(slice.startNs)}</span>
      </div>
      ${slice.calls > 1 ? html`<div class="quiet">longest: ${this.nameOf(slice.functionId)}</div>` : nothing}
      ${slice.traceId === null ? nothing : html`<div>▼ caused a trace: ${this.reasonOf(slice.traceId)}</div>`}
      ${slice.raised ? html`<div>▲ raised</div>` : nothing}
    </div>`;
  }

  private get manyProcesses(): boolean {
    return new Set(this.lanes?.lanes.map(({ process }) => process)).size > 1;
  }

  private async loadLanes(): Promise<void> {
    const key = `${this.revision} ${this.run}`;
    if (!this.api || this.run === "" || this.lanesRequest?.key === key) return;
    this.lanesRequest?.controller.abort();
    const request = { key, controller: new AbortController() };
    this.lanesRequest = request;
    try {
      const lanes = await this.api.lanes(this.run, request.controller.signal);
      if (this.lanesRequest === request) this.showLanes(lanes);
    } catch (error) {
      if (isAbort(error) || this.lanesRequest !== request) return;
      this.failure = errorMessage(error);
      // The next refresh of the app asks again.
      this.lanesRequest = null;
    }
  }

  private showLanes(lanes: Lanes): void {
    const first = this.lanes === null;
    this.lanes = lanes;
    this.failure = null;
    this.engine?.setLanes(lanes);
    if (first) {
      this.fitted = this.url.window === null;
      this.applyUrl();
    }
    if (this.fitted) this.engine?.fit();
    else if (first && this.url.window) this.engine?.setWindow(this.url.window);
  }

  private forgetRun(): void {
    this.lanes = null;
    this.lanesRequest?.controller.abort();
    this.lanesRequest = null;
    this.fitted = true;
    this.toldWindow = null;
    this.frame = null;
    this.showSelection(null);
  }

  /** Follows what somebody else wrote into the address: a link, another view, the back button. */
  private applyUrl(): void {
    const { window, call } = this.url;
    if (window && !sameWindow(window, this.toldWindow)) {
      this.fitted = false;
      this.toldWindow = window;
      this.engine?.setWindow(window);
    }
    if (call === null) {
      if (this.selected?.callId != null || this.callFailure) this.showSelection(null);
    } else if (!this.isShown(call) && !sameCall(call, this.requestedCall)) {
      void this.loadCall(call.process, call.callId, true);
    }
  }

  private requestedCall: CallRef | null = null;

  /** Whether a call is the selected one; call ids repeat in every process. */
  private isShown({ process, callId }: CallRef): boolean {
    const { selected } = this;
    return selected?.callId === callId && this.processOf(selected) === process;
  }

  private processOf(slice: SliceInfo): number | undefined {
    return this.lanes?.lanes.find(({ lane }) => lane === slice.lane)?.process;
  }

  private async loadCall(process: number, callId: number, reveal: boolean): Promise<void> {
    this.callRequest?.abort();
    const controller = new AbortController();
    this.callRequest = controller;
    this.requestedCall = { process, callId };
    this.call = null;
    this.callFailure = null;
    try {
      const call = await this.api?.call(this.run, process, callId, controller.signal);
      if (!call || this.callRequest !== controller) return;
      this.call = call;
      if (reveal) this.showCall(call);
    } catch (error) {
      if (isAbort(error) || this.callRequest !== controller) return;
      this.callFailure = errorMessage(error);
    } finally {
      if (this.callRequest === controller) this.requestedCall = null;
    }
  }

  /** Selects a call that is known from the server rather than from a slice on screen. */
  private showCall(call: CallInfo): void {
    if (!this.engine) return;
    this.selected = {
      lane: call.lane,
      row: call.row,
      startNs: call.start_ns,
      durationNs: call.duration_ns,
      callId: call.call_id,
      functionId: call.function_id,
      traceId: call.trace_ids.at(-1) ?? null,
      calls: 1,
      modeCode: MODES.findIndex((mode) => mode === call.mode),
      raised: call.raised,
    };
    this.engine.select(this.selected);
    const span = camera.spanNs(this.engine.window);
    // A call narrower than a few pixels could not be told from its neighbours.
    if (call.duration_ns * 200 < span) this.zoomTo(this.selected, 0.1);
    else this.revealSlice(this.selected);
  }

  private pick(slice: SliceInfo | null, reveal = false): void {
    this.showSelection(slice);
    const process = slice ? this.processOf(slice) : undefined;
    const callId = slice?.callId ?? null;
    if (callId !== null && process !== undefined) void this.loadCall(process, callId, false);
    if (slice && reveal) this.revealSlice(slice);
    this.dispatchEvent(
      new NavigateEvent({ call: callId === null || process === undefined ? null : { process, callId } }),
    );
  }

  private showSelection(slice: SliceInfo | null): void {
    this.callRequest?.abort();
    this.callRequest = null;
    this.requestedCall = null;
    this.selected = slice;
    this.call = null;
    this.callFailure = null;
    this.engine?.select(slice);
  }

  private revealSlice(slice: SliceInfo): void {
    const { engine } = this;
    if (!engine) return;
    const target = { beginNs: slice.startNs, endNs: slice.startNs + slice.durationNs };
    const window = camera.reveal(engine.window, engine.data, target);
    if (window !== engine.window) {
      engine.setWindow(window);
      this.onMoved();
    }
    this.revealRow(slice);
  }

  private revealRow(slice: SliceInfo): void {
    const topPx = this.engine?.rowTopPx(slice.lane, slice.row) ?? null;
    if (topPx === null) return;
    const { scrollTop, clientHeight } = this.scroller;
    if (topPx < scrollTop || topPx + 24 > scrollTop + clientHeight) this.scroller.scrollTop = topPx - clientHeight / 3;
  }

  /** @param share how much of the width the slice is to fill. */
  private zoomTo(slice: SliceInfo | null, share = 0.8): void {
    if (!slice || !this.engine) return;
    const middleNs = slice.startNs + slice.durationNs / 2;
    const half = Math.max(slice.durationNs, camera.MIN_SPAN_NS) / share / 2;
    this.engine.setWindow({ beginNs: middleNs - half, endNs: middleNs + half });
    this.revealRow(slice);
    this.onMoved();
  }

  private fit(): void {
    this.engine?.fit();
    this.onMoved();
  }

  private onMoved(): void {
    const { engine } = this;
    if (!engine) return;
    this.tooltip = null;
    this.fitted = sameWindow(engine.window, camera.fit(engine.data));
    this.movedTimer ??= setTimeout(() => {
      this.movedTimer = null;
      this.toldWindow = this.fitted ? null : roundedWindow(engine.window);
      this.dispatchEvent(new NavigateEvent({ window: this.toldWindow }));
    }, MOVED_AFTER_MS);
  }

  private onDrawn(report: FrameReport): void {
    this.frame = report;
    if (!report.loading && this.failure !== null && report.slices > 0) this.failure = null;
  }

  private applySearch(): void {
    const { filter } = this.url;
    const found =
      filter === "" ? null : new Set([...this.names].filter(([, name]) => matches(name, filter)).map(([id]) => id));
    this.matching = found?.size ?? 0;
    this.engine?.setHighlight(found);
    this.requestUpdate();
  }

  private nameOf(functionId: number): string {
    return this.names.get(functionId) ?? `function ${functionId}`;
  }

  private reasonOf(traceId: number): string {
    return (
      this.report?.traces.find(({ trace_id }) => trace_id === traceId)?.reason?.summary ?? "the reason was not recorded"
    );
  }

  private describe(slice: SliceInfo): string {
    const what = slice.calls > 1 ? plural(slice.calls, "call") : this.nameOf(slice.functionId);
    const mode = modeOfCode(slice.modeCode);
    return `${what}, ${mode ?? ""}, ${formatDuration(slice.durationNs)}, at ${formatDuration(slice.startNs)}, row ${formatCount(slice.row + 1)}`;
  }
}

function sameWindow(a: TimeWindow | null, b: TimeWindow | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.abs(a.beginNs - b.beginNs) < 1 && Math.abs(a.endNs - b.endNs) < 1;
}

function roundedWindow(window: TimeWindow): TimeWindow {
  const beginNs = Math.round(window.beginNs);
  return { beginNs, endNs: Math.max(beginNs + 1, Math.round(window.endNs)) };
}

interface CallRef {
  readonly process: number;
  readonly callId: number;
}

function sameCall(one: CallRef, other: CallRef | null): boolean {
  return one.process === other?.process && one.callId === other.callId;
}

const LABEL_PX_PER_CHARACTER = 7;

/** Whether an axis label that begins at a place ends before the axis does; one that does not is better left out than cut. */
function fits(label: string, leftPx: number, widthPx: number): boolean {
  return leftPx + (label.length + 1) * LABEL_PX_PER_CHARACTER <= widthPx;
}
