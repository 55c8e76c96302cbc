import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { ref } from "lit/directives/ref.js";
import type { ErrorInfo, Finding, RunReport, TraceInfo } from "../api/types";
import { foldOfTrace, unfolded } from "../lib/definitions";
import { memoized } from "../lib/memoized";
import { toggled } from "../lib/sets";
import { formatCount, plural } from "../lib/text";
import { MISSING, formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import { changesStyles, changesTable } from "../widgets/changesTable";
import "../widgets/codeBlock";
import { definitionLine, definitionLineStyles } from "../widgets/definitionLine";
import { findingDetails, findingStyles, severityChip } from "../widgets/findings";
import { middleCutStyles } from "../widgets/middleCut";
import { NavigateEvent } from "../widgets/navigate";
import { functionPlace, placeStyles } from "../widgets/place";
import { VirtualRows } from "../widgets/virtualRows";
import { ERRORS_ONLY, traceItems, type TraceItem } from "./traceList";
import { tracesStyles } from "./tracesStyles";
import { listStyles, viewStyles } from "./viewStyles";

const FUNCTION_PX = 44;
const FINDING_PX = 190;
const TRACE_PX = 44;
const CHANGE_PX = 22;

type DefinitionItem = Extract<TraceItem, { readonly type: "definition" }>;
type FunctionItem = Extract<TraceItem, { readonly type: "function" }>;

/** Why every trace happened, function by function, and what failed. */
@customElement("mt-traces-view")
export class TracesView extends LitElement {
  static override styles = [
    sharedStyles,
    changesStyles,
    findingStyles,
    placeStyles,
    middleCutStyles,
    viewStyles,
    listStyles,
    definitionLineStyles,
    tracesStyles,
  ];

  @property({ attribute: false }) report: RunReport | null = null;
  @property() filter = "";
  @property({ attribute: false }) selectedTrace: number | null = null;
  @state() private kind = "";
  @state() private expanded: ReadonlySet<number> = new Set();
  /** The definitions whose functions are shown one by one. */
  @state() private open: ReadonlySet<number> = new Set();
  @query(".scroller") private scroller!: HTMLElement | null;

  private all: readonly TraceItem[] = [];
  private items: readonly TraceItem[] = [];
  private scrolledToTrace: number | null = null;
  private readonly virtual = new VirtualRows(this, {
    scroller: () => this.scroller,
    marginPx: () => 0,
    count: () => this.items.length,
    key: (index) => itemKey(this.items[index], index),
    estimatePx: (index) => estimate(this.items[index]),
  });

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("selectedTrace") && this.selectedTrace !== null) {
      this.expanded = new Set([...this.expanded, this.selectedTrace]);
      this.scrolledToTrace = null;
      const fold = foldOfTrace(this.report, this.selectedTrace);
      if (fold !== null) this.open = new Set([...this.open, fold]);
    }
    this.all = this.report ? this.itemsOf(this.report, this.filter, this.kind) : [];
    this.items = this.unfolded(this.all, this.open);
  }

  protected override updated(): void {
    if (this.selectedTrace === null || this.scrolledToTrace === this.selectedTrace) return;
    const index = this.items.findIndex((item) => item.type === "trace" && item.trace.trace_id === this.selectedTrace);
    if (index < 0) return;
    this.scrolledToTrace = this.selectedTrace;
    this.virtual.scrollTo(index);
  }

  override render(): TemplateResult {
    const { report } = this;
    if (!report) return html``;
    return html`
      <div class="toolbar">
        <input
          type="search"
          data-testid="trace-filter"
          placeholder="Filter by function, reason or error"
          aria-label="Filter traces by function, reason or error"
          .value=${this.filter}
          @input=${(event: Event) => {
            this.dispatchEvent(new NavigateEvent({ filter: (event.target as HTMLInputElement).value, trace: null }));
          }}
        />
        <label>
          Kind of change
          <select
            data-testid="trace-kind"
            @change=${(event: Event) => {
              this.kind = (event.target as HTMLSelectElement).value;
            }}
          >
            <option value="" ?selected=${this.kind === ""}>all</option>
            ${report.summary.change_kinds.map(
              ({ kind, traces: count }) =>
                html`<option value=${kind} ?selected=${this.kind === kind}>${kind} (${formatCount(count)})</option>`,
            )}
            ${
              report.errors.length > 0
                ? html`<option value=${ERRORS_ONLY} ?selected=${this.kind === ERRORS_ONLY}>
                  errors only (${formatCount(report.errors.length)})
                </option>`
                : nothing
            }
          </select>
        </label>
        <span class="quiet" role="status" data-testid="trace-counts">${this.counts()}</span>
      </div>
      <div class="scroller" role="region" aria-label="Traces by function" tabindex="0">
        ${this.items.length === 0 ? html`<p class="nothing quiet">${this.whyNothing(report)}</p>` : nothing}
        <div class="rows" style="height:${this.virtual.totalPx}px">
          ${this.virtual.items.map((virtualItem) => {
            const item = this.items[virtualItem.index];
            if (!item) return nothing;
            return html`<div
              class=${item.fold === null ? "item" : "item inside"}
              data-index=${virtualItem.index}
              style="transform:translateY(${virtualItem.start}px)"
              ${ref(this.virtual.measure)}
            >
              ${this.renderItem(item)}
            </div>`;
          })}
        </div>
      </div>
    `;
  }

  private renderItem(item: TraceItem): TemplateResult {
    switch (item.type) {
      case "definition":
        return this.renderDefinition(item);
      case "function":
        return this.renderFunction(item);
      case "trace":
        return this.renderTrace(item.trace);
      case "error":
        return this.renderError(item.error);
    }
  }

  private renderDefinition({ definition, findings }: DefinitionItem): TemplateResult {
    return html`<div class="function" data-testid="trace-definition" data-definition=${definition.definition_id}>
      ${definitionLine(definition, {
        open: this.open.has(definition.definition_id),
        toggle: () => {
          this.open = toggled(this.open, definition.definition_id);
        },
        testId: "trace-fold",
      })}
      ${renderFindings(findings)}
    </div>`;
  }

  private renderFunction({ info, traces, errors, findings }: FunctionItem): TemplateResult {
    return html`<div class="function" data-testid="trace-function" data-function=${info.name}>
      <h2 class="ellipsis" title=${info.qualname}>${info.name}</h2>
      ${functionPlace(info)}
      <span class="counts">
        ${
          traces > 0
            ? html`<span class="chip ${traces > 1 ? "prominent" : ""}">${plural(traces, "trace")}</span>`
            : nothing
        }
        ${errors > 0 ? html`<span class="chip error">${plural(errors, "error")}</span>` : nothing}
      </span>
      ${
        info.causes.length > 0
          ? html`<span class="quiet causes" data-testid="trace-causes"
            >${info.causes.map(
              ({ kinds, retraces, tracing_ns: tracingNs }) =>
                html`<span>${kinds.join(", ")}: ${plural(retraces, "retrace")}, <b>${formatDuration(tracingNs)}</b></span>`,
            )}</span
          >`
          : nothing
      }
      ${renderFindings(findings)}
    </div>`;
  }

  private renderTrace(trace: TraceInfo): TemplateResult {
    const { reason } = trace;
    const first = trace.ordinal <= 1;
    const open = this.expanded.has(trace.trace_id);
    return html`<article
      class="trace ${first ? "first" : "retrace"} ${trace.trace_id === this.selectedTrace ? "selected" : ""}"
      data-testid="trace-row"
      data-trace=${trace.trace_id}
      data-ordinal=${trace.ordinal}
      aria-label="Trace ${trace.ordinal}"
    >
      <div class="line">
        <button
          type="button"
          class="expander"
          aria-expanded=${String(open)}
          aria-label="Details of trace ${trace.ordinal}"
          data-testid="trace-expand"
          @click=${() => {
            this.toggle(trace.trace_id);
          }}
        >
          <span aria-hidden="true">${open ? "▾" : "▸"}</span>
        </button>
        <span class="ordinal number">${formatCount(trace.ordinal)}</span>
        <span class="kinds">
          ${reason.kinds.map((kind) => html`<span class="chip ${first ? "" : "prominent"}">${kind}</span>`)}
        </span>
        <span class="summary" data-testid="trace-reason">${reason.summary}</span>
        <span class="number time" title="How long tracing took">${formatDuration(trace.duration_ns)}</span>
        <span class="number time quiet" title="When it began, since the run's start">at ${formatDuration(trace.start_ns)}</span>
        <button
          type="button"
          class="link"
          aria-label="Show the graph of trace ${trace.ordinal}"
          data-testid="trace-graph"
          @click=${() => {
            this.dispatchEvent(new NavigateEvent({ view: "graphs", trace: trace.trace_id }));
          }}
        >
          Graph
        </button>
        <span class="show">${this.renderShow(
          trace.inside_call_id,
          trace.process,
          trace.call_id === null
            ? `Show the call around trace ${trace.ordinal} in the timeline`
            : `Show trace ${trace.ordinal} in the timeline`,
        )}</span>
      </div>
      ${!first && reason.changes.length > 0 ? html`<div class="indent">${changesTable(reason)}</div>` : nothing}
      ${
        reason.fix && open
          ? html`<div class="indent fix">
            <h3>What to change</h3>
            <mt-code-block label="What to change" .code=${reason.fix}></mt-code-block>
          </div>`
          : nothing
      }
      ${open ? this.renderDetails(trace, first) : nothing}
    </article>`;
  }

  private renderDetails(trace: TraceInfo, first: boolean): TemplateResult {
    const { reason } = trace;
    const nearest = reason.nearest_trace_id;
    const compared =
      nearest === null ? null : (this.report?.traces.find(({ trace_id }) => trace_id === nearest) ?? null);
    return html`<div class="indent details" data-testid="trace-details">
      ${first && reason.changes.length > 0 ? changesTable(reason) : nothing}
      <dl>
        <dt>Signature</dt>
        <dd class="mono">${trace.signature ?? MISSING}</dd>
        <dt>Outputs</dt>
        <dd class="mono">${trace.outputs ?? MISSING}</dd>
        <dt>Captures</dt>
        <dd class="mono">
          ${
            trace.captures.length === 0
              ? "none"
              : html`<ul>
                ${trace.captures.map((capture) => html`<li>${capture}</li>`)}
              </ul>`
          }
        </dd>
        <dt>Compared with</dt>
        <dd>
          ${
            compared === null
              ? MISSING
              : html`trace ${formatCount(compared.ordinal)}, <span class="mono">${compared.signature ?? MISSING}</span>`
          }
        </dd>
        <dt>Thread</dt>
        <dd>${trace.thread}</dd>
      </dl>
    </div>`;
  }

  private renderError(error: ErrorInfo): TemplateResult {
    return html`<article class="trace error" data-testid="error-row" aria-label="Error ${error.type}">
      <div class="line">
        <span class="mark" aria-hidden="true">▲</span>
        <span class="kinds"><span class="chip error">${error.type}</span></span>
        <span class="summary message">${error.message === "" ? "(no message)" : error.message}</span>
        <span class="time quiet">in mode ${error.mode}</span>
        <span class="time quiet number">at ${formatDuration(error.time_ns)}</span>
        <span class="show">${this.renderShow(error.call_id, error.process, "Show the call that raised in the timeline")}</span>
      </div>
    </article>`;
  }

  private renderShow(callId: number | null, process: number, label: string): TemplateResult {
    if (callId === null)
      return html`<span class="quiet" title="No recorded call was open on its thread then.">no call</span>`;
    return html`<button
      type="button"
      class="link"
      aria-label=${label}
      data-testid="trace-show"
      @click=${() => {
        this.dispatchEvent(new NavigateEvent({ view: "timeline", call: { process, callId } }));
      }}
    >
      Timeline
    </button>`;
  }

  private toggle(traceId: number): void {
    this.expanded = toggled(this.expanded, traceId);
  }

  /** Kept for unchanged arguments: scrolling renders often, and there may be many traces. */
  private readonly itemsOf = memoized((report: RunReport, text: string, kind: string) =>
    traceItems(report, { text, kind }),
  );

  private readonly unfolded = memoized(unfolded<TraceItem>);

  private counts(): string {
    let traces = 0;
    let retraces = 0;
    let errors = 0;
    for (const item of this.all) {
      if (item.type === "trace") {
        traces++;
        if (item.trace.ordinal > 1) retraces++;
      } else if (item.type === "error") errors++;
    }
    return `${plural(traces, "trace")}, ${plural(retraces, "retrace")}${errors > 0 ? `, ${plural(errors, "error")}` : ""}`;
  }

  private whyNothing(report: RunReport): string {
    if (report.traces.length + report.errors.length > 0) return "No trace or error matches the filter.";
    return "Nothing was traced: no tf.function among the decorated functions has made a concrete function in this run.";
  }
}

function renderFindings(findings: readonly Finding[]): readonly TemplateResult[] {
  return findings.map(
    (finding) => html`<section
          class="found"
          aria-label=${finding.title}
          data-testid="finding-row"
          data-finding-id=${finding.id}
          data-function-id=${finding.function_id ?? nothing}
        >
          <h2>${severityChip(finding.severity)} ${finding.title}</h2>
          ${findingDetails(finding)}
        </section>`,
  );
}

function itemKey(item: TraceItem | undefined, index: number): string | number {
  if (!item) return index;
  if (item.type === "definition") return `d${item.definition.definition_id}`;
  if (item.type === "function") return `f${item.info.function_id}`;
  return item.type === "trace" ? `t${item.trace.trace_id}` : `e${item.error.error_id}`;
}

function estimate(item: TraceItem | undefined): number {
  if (item?.type === "function" || item?.type === "definition") return FUNCTION_PX + item.findings.length * FINDING_PX;
  if (item?.type !== "trace" || item.trace.ordinal <= 1) return TRACE_PX;
  const changes = item.trace.reason.changes.length;
  return TRACE_PX + (changes > 0 ? (changes + 1) * CHANGE_PX + 8 : 0);
}
