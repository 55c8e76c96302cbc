import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { ref } from "lit/directives/ref.js";
import { MODES, type FunctionInfo, type RunReport } from "../api/types";
import { MODE_STYLES } from "../lib/modes";
import { toCall, toFirstTrace, type Jump } from "../lib/jumps";
import { toggled } from "../lib/sets";
import { nextSort, type Sort } from "../lib/sorting";
import { formatCount, formatProcess, formatShare, plural } from "../lib/text";
import { formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import { budgetStyles } from "../widgets/budgetBar";
import { findingRow, findingStyles } from "../widgets/findings";
import { modeBar, modeLabel, modeStyles } from "../widgets/modeSwatch";
import { jumpButton } from "../widgets/jumpButton";
import { NavigateEvent } from "../widgets/navigate";
import { functionPlace, placeStyles } from "../widgets/place";
import { signatureList, signatureStyles } from "../widgets/signatureList";
import { VirtualRows } from "../widgets/virtualRows";
import { comparisons, comparisonStyles } from "./comparisons";
import "./definitionsTable";
import { firstLines, firstScreenStyles, whatMatters } from "./firstScreen";
import { COLUMNS, functionRows, type ColumnInfo, type ColumnKey } from "./functionTable";
import { kerasPhases, kerasPhasesStyles } from "./kerasPhases";
import { overviewStyles } from "./overviewStyles";
import { viewStyles } from "./viewStyles";

const ROW_PX = 46;
const SHOWN_FINDINGS = 5;

/** What cost the time and what to mend, in one screen; below it the run in numbers, and its functions one by one. */
@customElement("mt-overview-view")
export class OverviewView extends LitElement {
  static override styles = [
    sharedStyles,
    modeStyles,
    budgetStyles,
    findingStyles,
    placeStyles,
    signatureStyles,
    viewStyles,
    firstScreenStyles,
    comparisonStyles,
    overviewStyles,
    kerasPhasesStyles,
  ];

  @property({ attribute: false }) report: RunReport | null = null;
  @property() filter = "";
  @state() private sort: Sort<ColumnKey> = { key: "total", direction: "descending" };
  @state() private expanded: ReadonlySet<number> = new Set();
  @state() private allFindings = false;
  @state() private allSignatures: ReadonlySet<number> = new Set();
  @query(".above") private above!: HTMLElement | null;
  @query(".scroller") private scroller!: HTMLElement | null;
  @query(".rows") private rowsElement!: HTMLElement | null;

  private rows: readonly FunctionInfo[] = [];
  private marginPx = 0;
  private readonly virtual = new VirtualRows(this, {
    scroller: () => this.scroller,
    marginPx: () => this.marginPx,
    count: () => this.rows.length,
    key: (index) => this.rows[index]?.function_id ?? index,
    estimatePx: () => ROW_PX,
  });

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("report") || changed.has("filter") || changed.has("sort")) {
      this.rows = functionRows(this.report?.functions ?? [], this.filter, this.sort);
    }
  }

  /** What is above the rows grows and shrinks without this view: what is folded there opens. */
  private readonly resized = new ResizeObserver(() => {
    this.measureMargin();
  });
  private observed: HTMLElement | null = null;

  protected override updated(): void {
    if (this.above !== this.observed) {
      this.resized.disconnect();
      if (this.above) this.resized.observe(this.above);
      this.observed = this.above;
    }
    this.measureMargin();
  }

  private measureMargin(): void {
    const marginPx = this.rowsElement?.offsetTop ?? 0;
    if (marginPx === this.marginPx) return;
    this.marginPx = marginPx;
    this.requestUpdate();
  }

  override render(): TemplateResult {
    const { report } = this;
    if (!report) return html``;
    const first = report.summary.first_lines;
    return html`<div class="scroller">
      <div class="above">
        ${first ? firstLines(report, first, this.go) : nothing} ${whatMatters(report, first)} ${kerasPhases(report)}
        <section class="definitions" aria-labelledby="definitions-title">
          <h2 id="definitions-title">Where the time went</h2>
          <mt-definitions-table .report=${report}></mt-definitions-table>
        </section>
        ${comparisons(report)} ${this.renderOtherFindings(report)}
      </div>
      <section aria-labelledby="functions-title">
        <div class="toolbar">
          <h2 id="functions-title">Functions, one by one</h2>
          <input
            type="search"
            data-testid="function-filter"
            placeholder="Filter by name, kind or file"
            aria-label="Filter functions by name, kind or file"
            .value=${this.filter}
            @input=${(event: Event) => {
              this.go({ filter: (event.target as HTMLInputElement).value });
            }}
          />
          <span class="quiet" role="status">
            ${
              this.filter === ""
                ? plural(report.functions.length, "function")
                : `${formatCount(this.rows.length)} of ${plural(report.functions.length, "function")}`
            }
          </span>
        </div>
        <div class="table" role="table" aria-labelledby="functions-title" aria-rowcount=${this.rows.length + 1}>
          <div role="rowgroup" class="head">
            <div role="row" class="row" aria-rowindex="1">
              ${COLUMNS.map((column) => this.renderHeader(column))}
              <span role="columnheader" class="quiet">Open</span>
            </div>
          </div>
          <div role="rowgroup" class="rows" style="height:${this.virtual.totalPx}px">
            ${this.virtual.items.map((item) => {
              const info = this.rows[item.index];
              return info ? this.renderRow(info, item.index, this.virtual.offsetPx(item)) : nothing;
            })}
          </div>
        </div>
        ${
          this.rows.length === 0
            ? html`<p class="nothing quiet">
              ${this.filter === "" ? "No function has been recorded yet." : `No function matches “${this.filter}”.`}
            </p>`
            : nothing
        }
      </section>
      ${this.renderSummary(report)}
    </div>`;
  }

  private renderSummary(report: RunReport): TemplateResult {
    const { summary } = report;
    const { repeated } = summary;
    const share = summary.tracing_share_of_functions;
    return html`<footer class="summary" aria-labelledby="summary-title">
      <h2 id="summary-title">In numbers</h2>
      <dl>
        <div class="card wide">
          <dt>Calls</dt>
          <dd class="big" data-testid="overview-total-calls" data-value=${summary.calls.total}>
            ${formatCount(summary.calls.total)}
          </dd>
          <dd>${modeBar(summary.calls, summary.call_shares)}</dd>
          <dd class="modes">
            ${MODES.filter((mode) => summary.calls[mode] > 0).map(
              (mode) =>
                html`<span data-testid="overview-calls-${mode}" data-value=${summary.calls[mode]}
                  >${modeLabel(MODE_STYLES[mode])} <b>${formatCount(summary.calls[mode])}</b>
                  <span class="quiet">${formatShare(summary.call_shares[mode])}</span></span
                >`,
            )}
          </dd>
        </div>
        <div class="card">
          <dt>Traces</dt>
          <dd class="big" data-testid="overview-traces" data-value=${summary.traces}>${formatCount(summary.traces)}</dd>
          <dd
            class=${repeated.total > repeated.normal ? "prominent" : "quiet"}
            data-testid="overview-repeated"
            data-value=${repeated.total}
          >
            ${summary.repeated_text}
          </dd>
        </div>
        <div class="card">
          <dt>Tracing, threads added up</dt>
          <dd class="big" data-testid="overview-tracing-time" data-value=${summary.tracing_ns}>
            ${formatDuration(summary.tracing_ns)}
          </dd>
          <dd class="quiet">
            ${
              share === null || summary.tracing_ns === 0
                ? nothing
                : html`<div class="bar split" aria-hidden="true"
                  ><span class="tracing" style="flex:${summary.tracing_ns}"></span
                  ><span class="running" style="flex:${summary.running_ns}"></span
                ></div>`
            }
            ${share === null ? "no call was recorded" : html`<span data-testid="overview-tracing-share" data-value=${share}>${formatShare(share)}</span> of the time in traced functions`}
          </dd>
        </div>
        <div class="card">
          <dt>Running, threads added up</dt>
          <dd class="big" data-testid="overview-running-time" data-value=${summary.running_ns}>${formatDuration(summary.running_ns)}</dd>
          <dd class="quiet">calls without their tracing</dd>
        </div>
        <div class="card">
          <dt>Errors</dt>
          <dd class="big ${summary.failures > 0 ? "errors" : ""}" data-testid="overview-errors" data-value=${summary.failures}>
            ${formatCount(summary.failures)}
          </dd>
          <dd>
            ${
              summary.failures > 0
                ? html`<button
                  type="button"
                  class="link"
                  @click=${() => {
                    this.go({ view: "errors", filter: "" });
                  }}
                >
                  Show them
                </button>`
                : html`<span class="quiet">nothing raised</span>`
            }
          </dd>
        </div>
      </dl>
      <p class="quiet versions">
        ${Object.entries(report.versions).map(([name, version]) => html`<span>${name} ${version}</span>`)}
        ${report.processes.map((process) => html`<span>${formatProcess({ ...process, worker: process.worker_text || null })}</span>`)}
      </p>
    </footer>`;
  }

  private renderOtherFindings(report: RunReport): TemplateResult | typeof nothing {
    const first = report.summary.first_lines;
    const matter = first?.matter ?? [];
    const others = report.findings.filter((_, place) => !matter.includes(place) && place !== first?.could_save);
    if (others.length === 0) return nothing;
    const shown = this.allFindings ? others : others.slice(0, SHOWN_FINDINGS);
    return html`<section class="findings" aria-labelledby="findings-title">
      <h2 id="findings-title">${matter.length > 0 ? "Other findings" : "Findings"}</h2>
      ${shown.map(findingRow)}
      ${
        shown.length < others.length
          ? html`<button
            type="button"
            class="link"
            @click=${() => {
              this.allFindings = true;
            }}
          >
            Show all ${formatCount(others.length)} of these findings
          </button>`
          : nothing
      }
    </section>`;
  }

  private renderHeader(column: ColumnInfo): TemplateResult {
    const active = this.sort.key === column.key;
    return html`<span
      role="columnheader"
      class=${column.numeric ? "number" : ""}
      aria-sort=${active ? this.sort.direction : "none"}
    >
      <button
        type="button"
        class="sort"
        title=${column.title}
        data-testid="sort-${column.key}"
        @click=${() => {
          this.sort = nextSort(this.sort, column.key, column.first);
          this.scroller?.scrollTo({ top: Math.min(this.scroller.scrollTop, this.marginPx) });
        }}
      >
        ${column.label}<span class="arrow" aria-hidden="true"
          >${active ? (this.sort.direction === "ascending" ? "▲" : "▼") : ""}</span
        >
      </button>
    </span>`;
  }

  private renderRow(info: FunctionInfo, index: number, offsetPx: number): TemplateResult {
    const open = this.expanded.has(info.function_id);
    const retraced = info.traces > 1;
    return html`<div
      class="item"
      role="presentation"
      data-index=${index}
      style="transform:translateY(${offsetPx}px)"
      ${ref(this.virtual.measure)}
    >
      <div
        role="row"
        class="row body"
        aria-rowindex=${index + 2}
        data-testid="function-row"
        data-function=${info.name}
        data-calls=${info.calls.total}
        data-traces=${info.traces}
      >
        <span role="cell" class="name">
          <button
            type="button"
            class="expander"
            aria-expanded=${String(open)}
            aria-label="Signatures of ${info.name}"
            data-testid="function-expand"
            @click=${() => {
              this.expanded = toggled(this.expanded, info.function_id);
            }}
          >
            <span aria-hidden="true">${open ? "▾" : "▸"}</span>
          </button>
          <span class="texts">
            <span class="ellipsis title" title=${info.qualname}>${info.name}</span>
            ${functionPlace(info)}
          </span>
        </span>
        <span role="cell"><span class="chip">${info.kind}</span></span>
        <span role="cell" class="calls">
          ${modeBar(info.calls, info.call_shares)}
          <span class="numbers"
            ><b>${formatCount(info.calls.total)}</b>${MODES.filter((mode) => info.calls[mode] > 0).map(
              (mode) => html` <span class="quiet">${mode} ${formatCount(info.calls[mode])}</span>`,
            )}</span
          >
        </span>
        <span role="cell" class="number ${retraced ? "prominent" : ""}">${formatCount(info.traces)}</span>
        <span role="cell" class="number ${info.errors > 0 ? "errors" : ""}">${formatCount(info.errors)}</span>
        <span role="cell" class="number">${formatDuration(info.time_ns.total)}</span>
        <span role="cell" class="number">${formatDuration(info.time_ns.self)}</span>
        <span role="cell" class="number">${formatDuration(info.time_ns.tracing)}</span>
        <span role="cell" class="open">
          ${jumpButton(info.longest_call && toCall(info.longest_call), { text: "Timeline", label: `Show the longest call of ${info.name} in the timeline`, testId: "function-timeline" })}
          ${jumpButton(this.report && toFirstTrace(this.report, [info.function_id]), { text: "Traces", label: `Show the traces of ${info.name}`, testId: "function-traces" })}
        </span>
      </div>
      ${open ? this.renderSignatures(info) : nothing}
    </div>`;
  }

  private renderSignatures(info: FunctionInfo): TemplateResult {
    return html`<div role="row" class="signatures" data-testid="function-signatures">
      <div role="cell">
        ${signatureList(info, this.allSignatures.has(info.function_id), () => {
          this.allSignatures = toggled(this.allSignatures, info.function_id);
        })}
      </div>
    </div>`;
  }

  private readonly go = (change: Jump): void => {
    this.dispatchEvent(new NavigateEvent(change));
  };
}
