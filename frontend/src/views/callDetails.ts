import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { CallInfo, FunctionInfo, RunReport, TraceInfo } from "../api/types";
import { MODE_STYLES, modeOfCode, modeStyle } from "../lib/modes";
import { formatCount, formatProcess, plural } from "../lib/text";
import { MISSING, formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import type { SliceInfo } from "../timeline/query";
import { changesStyles, changesTable } from "../widgets/changesTable";
import { modeLabel, modeStyles } from "../widgets/modeSwatch";
import { NavigateEvent } from "../widgets/navigate";
import { functionPlace, placeStyles } from "../widgets/place";

/** A wish to zoom to what is selected. */
export class ZoomEvent extends Event {
  static readonly type = "mt-zoom";

  constructor() {
    super(ZoomEvent.type);
  }
}

/** Everything known of the selected call, or what a merged slice stands for. */
@customElement("mt-call-details")
export class CallDetails extends LitElement {
  static override styles = [
    sharedStyles,
    modeStyles,
    changesStyles,
    placeStyles,
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
    return html`${this.renderHead(plural(slice.calls, "call"), html`<span class="quiet">too short to show apart; zoom in to see each</span>`)}
      <div class="body">
        <dl>
          <dt>Longest</dt>
          <dd>${this.nameOf(slice.functionId)} ${mode ? modeLabel(MODE_STYLES[mode]) : nothing}</dd>
          <dt>Start</dt>
          <dd>${formatDuration(slice.startNs)}</dd>
          <dt>Span</dt>
          <dd>${formatDuration(slice.durationNs)}, from the first call's start to the last one's end</dd>
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
          <dt>Duration</dt>
          <dd data-testid="call-duration">${formatDuration(call.duration_ns)}</dd>
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
          <dt>Calls inside</dt>
          <dd>${formatCount(call.children)}</dd>
          <dt>Thread</dt>
          <dd>${call.thread}${call.suspendable ? ", suspended for part of the time" : ""}</dd>
          ${this.renderProcess()}
        </dl>
        <div>${this.renderTraces(call.trace_ids)} ${this.renderError(call)}</div>
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
        ${reason?.summary ?? "The reason was not recorded."}
        <button
          type="button"
          class="link"
          data-testid="call-graph"
          @click=${() => {
            this.dispatchEvent(new NavigateEvent({ view: "graphs", filter: "", trace: trace.trace_id }));
          }}
        >
          Its graph
        </button>
      </p>
      ${reason && reason.changes.length > 0 ? changesTable(reason.changes) : nothing}
      <button
        type="button"
        class="link"
        @click=${() => this.dispatchEvent(new NavigateEvent({ view: "traces", filter: "", trace: trace.trace_id }))}
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
