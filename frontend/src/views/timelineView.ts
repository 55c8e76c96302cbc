import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { errorMessage, isAbort, type ApiClient } from "../api/client";
import type { Lanes, RunEvents, RunProfile, RunReport } from "../api/types";
import { modeOfCode, type Theme } from "../lib/modes";
import { opNameId, partOfCode, PART_STYLES } from "../lib/parts";
import { formatCount, matches, plural } from "../lib/text";
import { formatDuration } from "../lib/time";
import {
  DEFAULT_URL_STATE,
  roundedWindow,
  sameWindow,
  type CallReference,
  type TimeWindow,
  type UrlState,
} from "../lib/urlState";
import { sharedStyles } from "../styles";
import * as camera from "../timeline/camera";
import type { EngineOptions, FrameReport, TimelineEngine } from "../timeline/engine";
import type { Target } from "../timeline/jumps";
import { profiledWindows, slicesOfOps, unfoldable, withOps } from "../timeline/opLanes";
import type { SliceInfo } from "../timeline/query";
import { stagesOf } from "../timeline/stages";
import type { FetchTiles } from "../timeline/tileLoader";
import { resolutionNs, tileWindow, type TileGroup } from "../timeline/tiles";
import { modeStyles } from "../widgets/modeSwatch";
import { Fetched } from "../widgets/fetched";
import { NavigateEvent } from "../widgets/navigate";
import type { ShowOpsEvent } from "./callDetails";
import "./callDetails";
import { CallSelection } from "./callSelection";
import "./minimap";
import type { WindowEvent } from "./minimap";
import { TimelineJumps } from "./timelineJumps";
import { drawTicks } from "./tickMarks";
import { gutter, legend, profileNotes, timeAxis, tooltip, zoomButtons } from "./timelineParts";
import { TimelineSearch } from "./timelineSearch";
import { mountTimeline, type SurfaceEvents } from "./timelineSurface";
import { timelineStyles } from "./timelineStyles";
import { viewStyles } from "./viewStyles";
import "./windowPanel";

interface Tooltip {
  readonly slice: SliceInfo;
  readonly xPx: number;
  readonly yPx: number;
}

const MOVED_AFTER_MS = 150;
const SHOWN_EVERY_MS = 100;

/** What is on the screen of a timeline is drawn as finely as it will be. */
export class PictureEvent extends Event {
  static readonly type = "mt-picture";

  constructor() {
    super(PictureEvent.type, { bubbles: true, composed: true });
  }
}

/** Calls over time: a lane for each thread, a row for each depth. */
@customElement("mt-timeline-view")
export class TimelineView extends LitElement {
  static override styles = [sharedStyles, modeStyles, viewStyles, timelineStyles];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property() run = "";
  @property() revision = "";
  @property({ attribute: false }) report: RunReport | null = null;
  @property({ reflect: true }) theme: Theme = "light";
  @property({ type: Boolean }) active = false;
  @property({ attribute: false }) url: UrlState = DEFAULT_URL_STATE;
  /** Whether somebody came by the address, whose window then is what is shown. */
  @property({ type: Boolean }) restored = false;

  @state() private lanes: Lanes | null = null;
  @state() private failure: string | null = null;
  @state() private tooltip: Tooltip | null = null;
  @state() private frame: FrameReport | null = null;

  @query(".surface") private surface!: HTMLElement;
  @query(".scroller") private scroller!: HTMLElement;
  @query(".ticks") private ticks!: HTMLElement;
  @query(".marks") private marks!: HTMLCanvasElement;

  private engine: TimelineEngine | null = null;
  /** Ends everything that belongs to the engine. */
  private stopping: AbortController | null = null;
  private names: ReadonlyMap<number, string> = new Map();
  private matching = 0;
  /** The window this view last told the app; another one in the address was set by somebody else. */
  private toldWindow: TimeWindow | null = null;
  private fitted = true;
  private shownAtMs = -Infinity;
  private movedTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly profile = new Fetched<RunProfile>(this);
  private shownProfile: RunProfile | null = null;
  private lanesRequest: { readonly key: string; readonly controller: AbortController } | null = null;

  private readonly jumps = new TimelineJumps(this, {
    timeNs: () => this.engine?.window.beginNs ?? 0,
    go: (target) => {
      this.jumpTo(target);
    },
  });
  private shownEvents: RunEvents | null = null;
  private readonly search = new TimelineSearch(this, {
    find: (text, afterNs, step, signal) => this.connection.find(this.run, text, afterNs, step, signal),
    // From the selected call on; else from what is seen first.
    timeNs: () => this.selection.slice?.startNs ?? (this.engine?.window.beginNs ?? 0) - 1,
    selected: () => this.url.call,
    go: (call) => {
      this.dispatchEvent(new NavigateEvent({ call }));
    },
  });

  private readonly selection = new CallSelection(this, {
    load: ({ process, callId }, signal) => this.connection.call(this.run, process, callId, signal),
    processOf: (number) => this.shownLanes?.lanes.find(({ lane }) => lane === number)?.process,
    marked: (slice) => this.engine?.select(slice),
  });

  /** The lanes of calls, and those of ops that are unfolded. */
  private get shownLanes(): Lanes | null {
    return this.lanes && withOps(this.lanes, this.profile.value?.lanes ?? [], this.url.ops);
  }

  private get connection(): ApiClient {
    if (!this.api) throw new Error("The timeline has no connection to TensorBoard.");
    return this.api;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopping?.abort();
    this.engine = null;
    this.forgetLanes();
  }

  protected override firstUpdated(): void {
    this.start();
  }

  /** Makes what draws; once it is connected again, with everything it knew before. */
  private start(): void {
    const { signal } = (this.stopping = new AbortController());
    const elements = { surface: this.surface, scroller: this.scroller, ticks: this.ticks };
    const options: Omit<EngineOptions, "container"> = {
      renderer: this.url.renderer,
      fetchTiles: (group, tilesSignal) => this.fetchTiles(group, tilesSignal),
      events: {
        drawn: (report) => {
          this.onDrawn(report);
        },
        failed: (error) => {
          this.failure = errorMessage(error);
        },
      },
    };
    try {
      this.engine = mountTimeline(elements, options, this.surfaceEvents, signal);
    } catch (error) {
      this.failure = errorMessage(error);
      return;
    }
    this.engine.setTheme(this.theme);
    this.engine.setNames(this.names);
    this.applySearch();
  }

  private async fetchTiles({ lanes, level, index }: TileGroup, signal: AbortSignal): ReturnType<FetchTiles> {
    const request = { run: this.run, lanes, resolutionNs: resolutionNs(level), ...tileWindow(level, index) };
    const found = await this.connection.slices(request, signal);
    const ops = new Set(this.profile.value?.lanes.map(({ lane }) => lane));
    return new Map([...found].map(([lane, slices]) => [lane, ops.has(lane) ? slicesOfOps(slices) : slices]));
  }

  private readonly surfaceEvents: SurfaceEvents = {
    picked: (slice) => {
      this.pick(slice);
    },
    hovered: (slice, xPx, yPx) => {
      this.tooltip = slice && { slice, xPx, yPx };
    },
    moved: () => {
      this.onMoved();
    },
    stepped: (engine, step) => {
      const next = engine.neighbourOf(this.selection.slice, step);
      if (next) this.pick(next, true);
    },
    jumped: (kind, step) => {
      this.jumps.jump(kind, step);
    },
    zoomedToSelection: () => {
      this.zoomTo(this.selection.slice);
    },
    zoomedTo: (slice) => {
      this.zoomTo(slice);
    },
    selected: (range) => {
      this.dispatchEvent(new NavigateEvent({ range, ...(range ? { call: null } : {}) }));
    },
  };

  protected override updated(changed: PropertyValues<this>): void {
    const { engine } = this;
    if (!engine) return;
    if (changed.has("run") && changed.get("run") !== undefined) this.forgetRun();
    if (changed.has("theme")) engine.setTheme(this.theme);
    const gotProfile = this.profile.value !== this.shownProfile;
    if (changed.has("report") || gotProfile) {
      const ops = (this.profile.value?.names ?? []).map((name, number) => [opNameId(number), name] as const);
      this.names = new Map([
        ...(this.report?.functions ?? []).map((info) => [info.function_id, info.name] as const),
        ...ops,
      ]);
      engine.setNames(this.names);
    }
    if (gotProfile) {
      this.shownProfile = this.profile.value;
      engine.setProfiled(profiledWindows(this.shownProfile?.profiles ?? []));
    }
    if ((gotProfile || (changed.has("url") && changed.get("url")?.ops !== this.url.ops)) && this.shownLanes) {
      engine.setLanes(this.shownLanes);
      this.requestUpdate(); // what is left of the lanes follows them
    }
    const filterBefore = changed.get("url")?.filter;
    if (changed.has("report") || gotProfile || (changed.has("url") && filterBefore !== this.url.filter))
      this.applySearch();
    if (this.active) {
      void this.loadLanes();
      this.loadProfile();
      // The picture comes first: of a long recording, what stands out takes longer to find.
      if (this.frame?.loading === false) this.jumps.load(this.api, this.run, this.revision);
    }
    if (this.jumps.events !== this.shownEvents) {
      this.shownEvents = this.jumps.events;
      engine.setStages(this.shownEvents ? stagesOf(this.shownEvents) : []);
      this.requestUpdate();
    }
    if (changed.has("url")) engine.setRange(this.url.range);
    if (changed.has("url") && this.lanes) this.applyUrl();
  }

  override render(): TemplateResult {
    const { frame, lanes, engine, selection } = this;
    return html`
      ${this.renderToolbar()}
      ${this.failure === null ? nothing : html`<p class="notice error" role="alert" data-testid="timeline-error">${this.failure}</p>`}
      <mt-minimap
        .events=${this.jumps.events}
        .window=${frame?.window ?? null}
        .theme=${this.theme}
        @mt-window=${this.onWindow}
      ></mt-minimap>
      ${timeAxis(frame, engine?.widthPx ?? 0, profiledWindows(this.profile.value?.profiles ?? []))}
      <div class="scroller">
        <div class="content" style="height:${engine?.layout.heightPx ?? 0}px">
          ${gutter(engine?.layout, this.report?.processes ?? [], {
            lanes: unfoldable(engine?.layout.lanes.map(({ info }) => info) ?? [], this.profile.value?.lanes ?? []),
            unfolded: this.url.ops,
            toggle: (threadId) => {
              this.toggleOps(threadId);
            },
          })}
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
        !selection.isEmpty
          ? html`<mt-call-details
            .slice=${selection.slice}
            .call=${selection.call}
            .report=${this.report}
            .process=${selection.process ?? null}
            .failure=${selection.failure}
            .api=${this.api}
            .run=${this.run}
            .profile=${this.profile.value}
            .unfolded=${this.url.ops}
            .sliceName=${selection.slice ? this.nameOf(selection.slice.functionId) : ""}
            @mt-ops=${(event: ShowOpsEvent) => {
              this.toggleOps(event.threadId);
            }}
            @mt-zoom=${() => {
              this.zoomTo(selection.slice);
            }}
          ></mt-call-details>`
          : this.url.range
            ? html`<mt-window-panel
              .api=${this.api}
              .run=${this.run}
              .revision=${this.revision}
              .range=${this.url.range}
              @mt-window=${this.onWindow}
            ></mt-window-panel>`
            : html`<p class="keys">
              Drag on the ruler selects a range · Ctrl + wheel or W S zoom · drag or A D pan · click for details · double
              click zooms to a call · N P next and previous · T E L traces, errors, longest calls · 0 everything · ? all
              keys
            </p>`
      }
      <span class="visually-hidden" aria-live="polite">${selection.slice ? this.describe(selection.slice) : ""}</span>
      ${this.renderTooltip()}
    `;
  }

  private renderToolbar(): TemplateResult {
    const { frame } = this;
    return html`<div class="toolbar">
      <input
        type="search"
        data-testid="timeline-search"
        placeholder="Find functions"
        aria-label="Find functions by name; others are dimmed, Enter goes to the next call"
        .value=${this.url.filter}
        @input=${(event: Event) => {
          this.dispatchEvent(new NavigateEvent({ filter: (event.target as HTMLInputElement).value }));
        }}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === "Enter") this.search.go(event.shiftKey ? -1 : 1);
        }}
      />
      ${this.url.filter === "" ? nothing : html`<span class="quiet" role="status" data-testid="timeline-found">${this.search.found?.functions ? this.search.text : plural(this.matching, "name")}</span>`}
      ${zoomButtons({
        zoom: (factor) => {
          this.engine?.zoom(factor);
          this.onMoved();
        },
        fit: () => {
          this.fit();
        },
      })}
      ${this.jumps.render()}
      <span class="quiet progress">${frame?.loading ? "Loading…" : frame ? formatDuration(frame.window.endNs - frame.window.beginNs) : nothing}</span>
      ${legend({
        ops: this.shownLanes?.lanes.some(({ ops }) => ops) ?? false,
        profiled: profiledWindows(this.profile.value?.profiles ?? []).length > 0,
      })}
      ${profileNotes(this.profile.value?.profiles ?? [], this.profile.failure)}
    </div>`;
  }

  private renderTooltip(): TemplateResult | typeof nothing {
    if (!this.tooltip) return nothing;
    const { slice, xPx, yPx } = this.tooltip;
    const reason = slice.traceId === null ? null : this.reasonOf(slice.traceId);
    return tooltip(slice, xPx, yPx, { name: this.nameOf(slice.functionId), reason });
  }

  private readonly onWindow = (event: WindowEvent): void => {
    this.engine?.move(event.window);
    this.onMoved();
  };

  private jumpTo({ call, timeNs }: Target): void {
    const { engine } = this;
    // A long call may be on screen while what happened in it is not.
    if (timeNs !== null && engine) {
      engine.setWindow(camera.reveal(engine.window, engine.data, { beginNs: timeNs, endNs: timeNs + 1 }));
      this.onMoved();
    }
    if (call) this.dispatchEvent(new NavigateEvent({ call }));
  }

  private loadProfile(): void {
    const { api, run } = this;
    if (!api || run === "") return;
    const key = JSON.stringify([run, this.revision]);
    this.profile.ask(key, (signal) => api.profile(run, signal), this.profile.value?.run === run);
  }

  private toggleOps(threadId: number): void {
    const { ops } = this.url;
    const without = ops.filter((thread) => thread !== threadId);
    this.dispatchEvent(new NavigateEvent({ ops: without.length < ops.length ? without : [...ops, threadId] }));
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
    this.engine?.setLanes(this.shownLanes ?? lanes);
    if (first) {
      this.fitted = this.url.window === null;
      this.engine?.select(this.selection.slice);
      this.applyUrl();
    }
    if (this.fitted) this.engine?.fit();
    else if (first && this.url.window) this.engine?.setWindow(this.url.window);
  }

  private forgetRun(): void {
    this.forgetLanes();
    this.fitted = true;
    this.toldWindow = null;
    this.selection.clear();
  }

  private forgetLanes(): void {
    this.lanesRequest?.controller.abort();
    this.lanesRequest = null;
    this.lanes = null;
    this.frame = null;
    this.tooltip = null;
    // What was looked at says nothing about what comes.
    if (this.movedTimer !== null) clearTimeout(this.movedTimer);
    this.movedTimer = null;
  }

  /** Follows what somebody else wrote into the address: a link, another view, the back button. */
  private applyUrl(): void {
    const { window, call } = this.url;
    if (!sameWindow(window, this.toldWindow) && this.movedTimer === null) {
      this.fitted = window === null;
      this.toldWindow = window;
      if (window) this.engine?.setWindow(window);
      else this.engine?.fit();
    }
    if (call === null) this.selection.clearCall();
    else if (!this.selection.isOn(call)) void this.openCall(call);
  }

  /** Selects a call that is known from the server rather than from a slice on screen. */
  private async openCall(call: CallReference): Promise<void> {
    const keeps = this.restored && this.url.window !== null;
    const slice = await this.selection.open(call);
    if (!slice || !this.engine) return;
    if (keeps) {
      this.revealRow(slice);
      return;
    }
    // A call narrower than a few pixels could not be told from its neighbours.
    if (slice.durationNs * 200 < camera.spanNs(this.engine.window)) this.zoomTo(slice, 0.1);
    else this.revealSlice(slice);
  }

  private pick(slice: SliceInfo | null, reveal = false): void {
    const call = this.selection.choose(slice);
    if (slice && reveal) this.revealSlice(slice);
    this.dispatchEvent(new NavigateEvent({ call }));
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
    drawTicks(this.marks, report, this.theme);
    // What surrounds the canvas follows a gesture a few times a second: the elements of it cost more than all slices.
    const nowMs = performance.now();
    const shown = this.frame;
    const late = nowMs - this.shownAtMs > SHOWN_EVERY_MS;
    if (report.moving && shown?.moving && !late && shown.axis.base === report.axis.base) return;
    this.shownAtMs = nowMs;
    this.frame = report;
    if (!report.loading) this.dispatchEvent(new PictureEvent());
    if (!report.loading && this.failure !== null && report.slices > 0) this.failure = null;
  }

  private applySearch(): void {
    const { filter } = this.url;
    const found =
      filter === "" ? null : new Set([...this.names].filter(([, name]) => matches(name, filter)).map(([id]) => id));
    this.matching = found?.size ?? 0;
    this.search.count(filter);
    this.engine?.setHighlight(found);
    this.requestUpdate();
  }

  private nameOf(functionId: number): string {
    return this.names.get(functionId) ?? `function ${functionId}`;
  }

  private reasonOf(traceId: number): string {
    return (
      this.report?.traces.find(({ trace_id }) => trace_id === traceId)?.reason.summary ?? "the reason was not recorded"
    );
  }

  private describe(slice: SliceInfo): string {
    const part = partOfCode(slice.modeCode);
    const what = slice.calls > 1 ? plural(slice.calls, part ? "op" : "call") : this.nameOf(slice.functionId);
    const mode = part ? PART_STYLES[part].label : modeOfCode(slice.modeCode);
    return `${what}, ${mode ?? ""}, ${formatDuration(slice.durationNs)}, at ${formatDuration(slice.startNs)}, row ${formatCount(slice.row + 1)}`;
  }
}
