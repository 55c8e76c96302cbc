import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { ref } from "lit/directives/ref.js";
import type { ApiClient } from "../api/client";
import type { DefinitionInfo, RunReport, TraceInfo } from "../api/types";
import { formatBytes } from "../lib/bytes";
import { foldOfTrace, unfolded } from "../lib/definitions";
import { memoized } from "../lib/memoized";
import { toggled } from "../lib/sets";
import { formatCount, plural } from "../lib/text";
import { MISSING, formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import { definitionLine, definitionLineStyles } from "../widgets/definitionLine";
import { middleCutStyles } from "../widgets/middleCut";
import { NavigateEvent } from "../widgets/navigate";
import { functionPlace, placeStyles } from "../widgets/place";
import { VirtualRows } from "../widgets/virtualRows";
import "./graphDetails";
import { graphItems, type GraphItem } from "./graphList";
import { graphsLayout, graphsStyles } from "./graphsStyles";
import { viewStyles } from "./viewStyles";

const ROW_PX = 46;

/** What the graph of every concrete function is made of, and which lines made it. */
@customElement("mt-graphs-view")
export class GraphsView extends LitElement {
  static override styles = [
    sharedStyles,
    placeStyles,
    middleCutStyles,
    viewStyles,
    definitionLineStyles,
    graphsStyles,
    graphsLayout,
  ];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property({ attribute: false }) report: RunReport | null = null;
  @property() run = "";
  @property() revision = "";
  @property() filter = "";
  @property({ attribute: false }) selectedTrace: number | null = null;
  /** The definitions whose functions are shown one by one. */
  @state() private open: ReadonlySet<number> = new Set();
  @query(".scroller") private scroller!: HTMLElement | null;

  private all: readonly GraphItem[] = [];
  private items: readonly GraphItem[] = [];
  private scrolledToTrace: number | null = null;
  private readonly virtual = new VirtualRows(this, {
    scroller: () => this.scroller,
    marginPx: () => 0,
    count: () => this.items.length,
    key: (index) => itemKey(this.items[index], index),
    estimatePx: () => ROW_PX,
  });

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("selectedTrace") && this.selectedTrace !== null) {
      const fold = foldOfTrace(this.report, this.selectedTrace);
      if (fold !== null) this.open = new Set([...this.open, fold]);
    }
    if (changed.has("report") || changed.has("filter")) {
      this.all = this.report ? graphItems(this.report, this.filter) : [];
    }
    this.items = this.unfolded(this.all, this.open);
  }

  protected override updated(): void {
    if (this.selectedTrace === null || this.scrolledToTrace === this.selectedTrace) return;
    const index = this.items.findIndex((item) => item.type === "trace" && item.trace.trace_id === this.selectedTrace);
    if (index < 0) return;
    this.scrolledToTrace = this.selectedTrace;
    const shown = this.virtual.items.some((item) => item.index === index);
    if (!shown) this.virtual.scrollTo(Math.max(0, index - 1));
  }

  /** The trace that the details show: the chosen one, else the first. */
  private get shownTrace(): TraceInfo | null {
    const chosen = this.report?.traces.find(({ trace_id }) => trace_id === this.selectedTrace);
    if (chosen) return chosen;
    const isTrace = (item: GraphItem) => item.type === "trace";
    const first = this.items.find(isTrace) ?? this.all.find(isTrace);
    return first?.type === "trace" ? first.trace : null;
  }

  override render(): TemplateResult {
    const { report } = this;
    if (!report) return html``;
    const shown = this.shownTrace;
    return html`
      <div class="list">
        <div class="toolbar">
          <input
            type="search"
            data-testid="graph-filter"
            placeholder="Filter by function or signature"
            aria-label="Filter concrete functions by function or signature"
            .value=${this.filter}
            @input=${(event: Event) => {
              this.dispatchEvent(new NavigateEvent({ filter: (event.target as HTMLInputElement).value, trace: null }));
            }}
          />
          <span class="quiet" role="status">${plural(this.all.filter(({ type }) => type === "trace").length, "concrete function")}</span>
        </div>
        <div class="scroller" role="region" aria-label="Concrete functions" tabindex="0" @keydown=${this.onKey}>
          ${
            this.items.length === 0
              ? html`<p class="nothing quiet">
                ${report.traces.length === 0 ? "Nothing was traced in this run." : "No concrete function matches the filter."}
              </p>`
              : nothing
          }
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
                ${this.renderItem(item, shown)}
              </div>`;
            })}
          </div>
        </div>
      </div>
      <div class="details" role="region" aria-label="Graph" tabindex="0">
        ${
          shown
            ? html`<mt-graph-details
              .api=${this.api}
              .run=${this.run}
              .revision=${this.revision}
              .traceId=${shown.trace_id}
              .functionId=${shown.function_id}
            ></mt-graph-details>`
            : html`<p class="quiet">A concrete function appears here once a decorated tf.function has been traced.</p>`
        }
      </div>
    `;
  }

  private renderItem(item: GraphItem, shown: TraceInfo | null): TemplateResult {
    switch (item.type) {
      case "definition":
        return this.renderDefinition(item.definition);
      case "function":
        return renderFunction(item);
      case "trace":
        return this.renderTrace(item.trace, item.calls, shown);
    }
  }

  private renderDefinition(definition: DefinitionInfo): TemplateResult {
    return html`<div class="definition" data-testid="graph-definition" data-definition=${definition.definition_id}>
      ${definitionLine(definition, {
        open: this.open.has(definition.definition_id),
        toggle: () => {
          this.open = toggled(this.open, definition.definition_id);
        },
        testId: "graph-fold",
      })}
    </div>`;
  }

  private readonly unfolded = memoized(unfolded<GraphItem>);

  private renderTrace(trace: TraceInfo, calls: number | null, shown: TraceInfo | null): TemplateResult {
    const { graph, placement } = trace;
    return html`<button
      type="button"
      class="trace"
      data-testid="graph-row"
      data-trace=${trace.trace_id}
      aria-current=${trace.trace_id === shown?.trace_id ? "true" : nothing}
      @click=${() => {
        this.dispatchEvent(new NavigateEvent({ trace: trace.trace_id }));
      }}
    >
      <span class="number quiet">${formatCount(trace.ordinal)}</span>
      <span class="mono ellipsis" title=${trace.signature ?? nothing}>${trace.signature ?? MISSING}</span>
      <span class="number">${graph ? plural(graph.ops, "op") : html`<span title="not recorded">${MISSING}</span>`}</span>
      <span class="facts quiet ellipsis"
        >${calls === null ? nothing : `${plural(calls, "call")} · `}traced in ${formatDuration(trace.duration_ns)}${
          graph && graph.functions > 0 ? ` · ${plural(graph.functions, "function")}` : nothing
        }${graph && graph.python_ops > 0 ? html` · <b>${plural(graph.python_ops, "Python op")}</b>` : nothing}${
          graph && graph.constant_bytes >= 1e6 ? ` · ${formatBytes(graph.constant_bytes)} of constants` : nothing
        }${placement ? ` · ${plural(Object.keys(placement.ops_by_device).length, "device")}` : nothing}</span
      >
    </button>`;
  }

  /** Up and down go through the concrete functions, wherever in the list the focus is. */
  private readonly onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const traces = this.items.flatMap((item) => (item.type === "trace" ? [item.trace] : []));
    const index = traces.findIndex(({ trace_id }) => trace_id === this.shownTrace?.trace_id);
    const next = traces[index + step];
    if (!next) return;
    event.preventDefault();
    this.scrolledToTrace = null;
    this.dispatchEvent(new NavigateEvent({ trace: next.trace_id }));
  };
}

function renderFunction({ info, traces }: Extract<GraphItem, { readonly type: "function" }>): TemplateResult {
  return html`<div class="function" data-testid="graph-function">
    <span class="ellipsis" title=${info.qualname}>${info.name}</span>
    <span class="chip">${plural(traces, "trace")}</span>
    <div>${functionPlace(info)}</div>
  </div>`;
}

function itemKey(item: GraphItem | undefined, index: number): string | number {
  if (!item) return index;
  if (item.type === "definition") return `d${item.definition.definition_id}`;
  return item.type === "function" ? `f${item.info.function_id}` : `t${item.trace.trace_id}`;
}
