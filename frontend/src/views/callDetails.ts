import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ApiClient } from "../api/client";
import type { CallInfo, CallTimes, FunctionInfo, RunProfile, RunReport, TraceInfo } from "../api/types";
import { formatBytes } from "../lib/bytes";
import { MODE_STYLES, modeOfCode, modeStyle } from "../lib/modes";
import { PART_STYLES, partOfCode } from "../lib/parts";
import { formatCount, formatProcess, plural } from "../lib/text";
import { MISSING, formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import type { SliceInfo } from "../timeline/query";
import { changesStyles, changesTable } from "../widgets/changesTable";
import { modeLabel, modeStyles, partsBar, partsText } from "../widgets/modeSwatch";
import { Fetched } from "../widgets/fetched";
import { namedTimes, namedTimesStyles } from "../widgets/namedTimes";
import { callCostsStyles, children, others } from "../widgets/callCosts";
import { NavigateEvent } from "../widgets/navigate";
import { functionPlace, placeStyles } from "../widgets/place";

/** A wish to zoom to what is selected. */
export class ZoomEvent extends Event {
  static readonly type = "mt-zoom";

  constructor() {
    super(ZoomEvent.type);
  }
}

/** A wish to unfold, or fold again, the ops of a thread's calls. */
export class ShowOpsEvent extends Event {
  static readonly type = "mt-ops";

  constructor(readonly threadId: number) {
    super(ShowOpsEvent.type);
  }
}

/** Everything known of the selected call, or what a merged slice stands for. */
@customElement("mt-call-details")
export class CallDetails extends LitElement {
  static override styles = [
    sharedStyles,
    modeStyles,
    namedTimesStyles,
    changesStyles,
    placeStyles,
    callCostsStyles,
    css`
      :host {
        display: block;
        max-height: 38vh;
        overflow: auto;
        border-top: 1px solid var(--border);
        background: var(--bg-raised);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 12px;
        padding: 8px 16px 2px;
      }
      .head h2 {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .head .close {
        margin-inline-start: auto;
      }
      .body {
        display: grid;
        grid-template-columns: minmax(260px, 1fr) minmax(300px, 1.4fr);
        gap: 6px 32px;
        padding: 4px 16px 12px;
      }
      @media (max-width: 760px) {
        .body {
          grid-template-columns: minmax(0, 1fr);
        }
      }
      dl {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 3px 16px;
        align-content: start;
      }
      dt {
        color: var(--text-quiet);
      }
      dd {
        overflow-wrap: anywhere;
      }
      .reason {
        padding: 6px 0 2px;
      }
      .message {
        max-height: 12em;
        margin: 2px 0 0;
        overflow: auto;
        color: var(--error-text);
        white-space: pre-wrap;
      }
    `,
  ];

  @property({ attribute: false }) slice: SliceInfo | null = null;
  @property({ attribute: false }) call: CallInfo | null = null;
  @property({ attribute: false }) report: RunReport | null = null;
  /** In which process it ran; null is not known. */
  @property({ attribute: false }) process: number | null = null;
  @property({ attribute: false }) failure: string | null = null;
  @property({ attribute: false }) api: ApiClient | null = null;
  @property() run = "";
  @property({ attribute: false }) profile: RunProfile | null = null;
  /** The threads whose ops the timeline shows. */
  @property({ attribute: false }) unfolded: readonly number[] = [];
  /** What the selected slice is called; an op's name where it is one of the call's ops. */
  @property() sliceName = "";

  private readonly times = new Fetched<CallTimes>(this);

  protected override willUpdate(): void {
    const { api, call, run, profile } = this;
    const isProfiled = call !== null && profile?.lanes.some(({ thread_id }) => thread_id === call.thread_id) === true;
    if (!api || !isProfiled) {
      this.times.ask(null, () => Promise.reject(new Error("nothing is asked")));
      return;
    }
    this.times.ask(JSON.stringify([run, profile.revision, call.process, call.call_id]), (signal) =>
      api.callTimes(run, call.process, call.call_id, signal),
    );
  }

  override render(): TemplateResult {
    return html`<section
      data-testid="call-details"
      data-call=${this.call?.call_id ?? ""}
      data-mode=${this.call?.mode ?? ""}
      data-function=${this.call?.function ?? ""}
      aria-label="Selected call"
    >
      ${
        this.failure
          ? html`<p class="notice error" role="alert">${this.failure}</p>`
          : this.call
            ? this.renderCall(this.call)
            : this.slice && this.slice.calls > 1
              ? this.renderMerged(this.slice)
              : html`<p class="body quiet" role="status">Loading the call…</p>`
      }
    </section>`;
  }

  private renderHead(title: string, after: TemplateResult | typeof nothing): TemplateResult {
    return html`<div class="head">
      <h2>${title}</h2>
      ${after}
      <button
        type="button"
        class="button"
        data-testid="details-zoom"
        @click=${() => this.dispatchEvent(new ZoomEvent())}
      >
        Zoom to it
      </button>
      <button
        type="button"
        class="button close"
        aria-label="Close the details"
        data-testid="details-close"
        @click=${() => this.dispatchEvent(new NavigateEvent({ call: null }))}
      >
        Close
      </button>
    </div>`;
  }

  private renderMerged(slice: SliceInfo): TemplateResult {
    const mode = modeOfCode(slice.modeCode);
    const noun = partOfCode(slice.modeCode) ? "op" : "call";
    return html`${this.renderHead(plural(slice.calls, noun), html`<span class="quiet">too short to show apart; zoom in to see each</span>`)}
      <div class="body">
        <dl>
          <dt>Longest</dt>
          <dd>${this.sliceName} ${mode ? modeLabel(MODE_STYLES[mode]) : nothing}</dd>
          <dt>Start</dt>
          <dd>${formatDuration(slice.startNs)}</dd>
          <dt>Span</dt>
          <dd>${formatDuration(slice.durationNs)}, from the first one's start to the last one's end</dd>
          <dt>Raised</dt>
          <dd>${slice.raised ? "at least one of them" : "none"}</dd>
          ${this.renderProcess()}
        </dl>
        ${slice.traceId === null ? nothing : this.renderTraces([slice.traceId])}
      </div>`;
  }

  private renderCall(call: CallInfo): TemplateResult {
    const style = modeStyle(call.mode);
    const info = this.functionOf(call.function_id);
    return html`${this.renderHead(
      call.function,
      html`${style ? modeLabel(style) : html`<span>${call.mode}</span>`}
        ${
          call.trace_ids.length > 0
            ? html`<span class="chip prominent">caused ${plural(call.trace_ids.length, "trace")}</span>`
            : nothing
        }
        ${call.raised ? html`<span class="chip error">raised</span>` : nothing}`,
    )}
      <div class="body">
        <dl>
          ${this.renderSelectedOp()}
          <dt>Duration</dt>
          <dd data-testid="call-duration">${call.costs.terms_text === "" ? formatDuration(call.duration_ns) : call.costs.terms_text}</dd>
          ${call.costs.others ? html`<dt>Compared</dt><dd>${others(call.costs.others)}</dd>` : nothing}
          <dt>Start</dt>
          <dd>${formatDuration(call.start_ns)} after the run's start</dd>
          <dt>Signature</dt>
          <dd class="mono" data-testid="call-signature">${call.signature ?? MISSING}</dd>
          <dt>Defined in</dt>
          <dd>${info ? functionPlace(info) : MISSING}</dd>
          <dt>Called from</dt>
          <dd>
            ${
              call.parent
                ? html`<button
                  type="button"
                  class="link"
                  data-testid="call-parent"
                  @click=${() => {
                    const callId = call.parent?.call_id;
                    if (callId !== undefined) {
                      this.dispatchEvent(new NavigateEvent({ call: { process: call.process, callId } }));
                    }
                  }}
                >
                  ${call.parent.function ?? "a call that has not ended"}
                </button>`
                : html`<span class="quiet">no recorded call</span>`
            }
          </dd>
          ${call.costs.called_at === null ? nothing : html`<dt>Call site</dt><dd class="mono" data-testid="call-site">${call.costs.called_at}</dd>`}
          <dt>Calls inside</dt>
          <dd>${formatCount(call.children)}${children(call.costs)}</dd>
          <dt>Thread</dt>
          <dd>${call.thread}${call.suspendable ? ", suspended for part of the time" : ""}</dd>
          ${this.renderProcess()}
        </dl>
        <div>${this.renderTimes(call)} ${this.renderTraces(call.trace_ids)} ${this.renderError(call)}</div>
      </div>`;
  }

  private renderSelectedOp(): TemplateResult | typeof nothing {
    const { slice } = this;
    const part = slice && partOfCode(slice.modeCode);
    if (!part) return nothing;
    return html`<dt>Selected</dt>
      <dd data-testid="selected-op">
        ${modeLabel(PART_STYLES[part])} <span class="mono">${this.sliceName}</span>, ${formatDuration(slice.durationNs)},
        ${formatDuration(slice.startNs - (this.call?.start_ns ?? 0))} into this call
      </dd>`;
  }

  private renderTimes(call: CallInfo): TemplateResult | typeof nothing {
    const times = this.times.value?.times;
    if (this.times.failure !== null) return html`<p class="notice error" role="alert">${this.times.failure}</p>`;
    if (!times) return nothing;
    const isUnfolded = this.unfolded.includes(call.thread_id);
    return html`<div class="reason" data-testid="call-times">
      <h3>Where its time went</h3>
      ${partsBar(times)}
      <p>${partsText(times)}</p>
      ${namedTimes(times.op_types, 6, "ops")} ${namedTimes(times.kernels, 6, "kernels")}
      ${
        times.memory && times.memory.allocations > 0
          ? html`<p>
            ${plural(times.memory.allocations, "allocation")} of ${formatBytes(times.memory.allocated_bytes)},
            ${formatBytes(times.memory.freed_bytes)} given back
          </p>`
          : nothing
      }
      <button
        type="button"
        class="link"
        data-testid="call-ops"
        @click=${() => this.dispatchEvent(new ShowOpsEvent(call.thread_id))}
      >
        ${isUnfolded ? "Hide the thread's ops" : "Show its ops in the timeline"}
      </button>
    </div>`;
  }

  private renderProcess(): TemplateResult | typeof nothing {
    const processes = this.report?.processes ?? [];
    const process = this.process === null ? undefined : processes[this.process];
    if (processes.length < 2 || !process) return nothing;
    return html`<dt>Process</dt>
      <dd data-testid="call-process">${formatProcess(process)}</dd>`;
  }

  private renderTraces(traceIds: readonly number[]): TemplateResult {
    const traces = traceIds.map((id) => this.report?.traces.find(({ trace_id }) => trace_id === id));
    return html`${traces.map((trace) => (trace ? this.renderTrace(trace) : nothing))}`;
  }

  private renderTrace(trace: TraceInfo): TemplateResult {
    const { reason } = trace;
    return html`<div class="reason" data-testid="call-trace">
      <h3>Trace ${formatCount(trace.ordinal)} of ${this.nameOf(trace.function_id)}, ${formatDuration(trace.duration_ns)}</h3>
      <p>
        ${reason.summary}
        <button
          type="button"
          class="link"
          data-testid="call-graph"
          @click=${() => {
            this.dispatchEvent(new NavigateEvent({ view: "graphs", trace: trace.trace_id }));
          }}
        >
          Its graph
        </button>
      </p>
      ${reason.changes.length > 0 ? changesTable(reason) : nothing}
      <button
        type="button"
        class="link"
        @click=${() => this.dispatchEvent(new NavigateEvent({ view: "traces", trace: trace.trace_id }))}
      >
        Show among the traces
      </button>
    </div>`;
  }

  private renderError(call: CallInfo): TemplateResult | typeof nothing {
    if (!call.error) return nothing;
    return html`<div class="reason" data-testid="call-error">
      <h3>${call.error.type}</h3>
      <p class="message mono" tabindex="0" role="region" aria-label="Error message">${call.error.message}</p>
    </div>`;
  }

  private nameOf(functionId: number): string {
    return this.functionOf(functionId)?.name ?? `function ${functionId}`;
  }

  private functionOf(functionId: number): FunctionInfo | undefined {
    return this.report?.functions.find(({ function_id }) => function_id === functionId);
  }
}
