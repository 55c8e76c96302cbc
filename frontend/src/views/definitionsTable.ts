import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { DefinitionInfo, FunctionInfo, RunReport } from "../api/types";
import { BUDGET_FILLS } from "../lib/budget";
import { byWallTime, columnsOf, memberColumns, retraced, type DefinitionColumn } from "../lib/definitions";
import { toCall, toFirstTrace } from "../lib/jumps";
import { toggled } from "../lib/sets";
import { formatCount, plural } from "../lib/text";
import { formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import { middleCut, middleCutStyles } from "../widgets/middleCut";
import { background } from "../widgets/modeSwatch";
import { jumpButton } from "../widgets/jumpButton";
import { functionPlace, placeStyles } from "../widgets/place";
import { signatureList, signatureStyles } from "../widgets/signatureList";
import { definitionsStyles } from "./definitionsStyles";
import { viewStyles } from "./viewStyles";

const SHOWN_DEFINITIONS = 10;
const SHOWN_RETRACED = 4;
/** A definition may have made thousands of functions. */
const SHOWN_FUNCTIONS = 10;

/** Where the wall time went, definition by definition, and what was traced again. */
@customElement("mt-definitions-table")
export class DefinitionsTable extends LitElement {
  static override styles = [sharedStyles, middleCutStyles, placeStyles, signatureStyles, viewStyles, definitionsStyles];

  @property({ attribute: false }) report: RunReport | null = null;
  @state() private allRows = false;
  @state() private allRetraced = false;
  @state() private expanded: ReadonlySet<number> = new Set();
  /** Definitions of which everything is shown: all functions, or all signatures of the one. */
  @state() private whole: ReadonlySet<number> = new Set();

  private rows: readonly DefinitionInfo[] = [];
  private functions: ReadonlyMap<number, FunctionInfo> = new Map();

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("report")) return;
    this.rows = this.report ? byWallTime(this.report) : [];
    this.functions = new Map(this.report?.functions.map((info) => [info.function_id, info]));
    const before = changed.get("report");
    if (before && before.run !== this.report?.run) {
      this.allRows = this.allRetraced = false;
      this.expanded = this.whole = new Set();
    }
  }

  override render(): TemplateResult {
    const { report, rows } = this;
    if (!report) return html``;
    if (rows.length === 0) return html`<p class="quiet">No traced function was called.</p>`;
    const shown = this.allRows ? rows : rows.slice(0, SHOWN_DEFINITIONS);
    const columns = columnsOf(shown);
    return html`
      <table data-testid="definitions" aria-label="Definitions by wall time">
        <thead>
          <tr>
            <th scope="col">Definition</th>
            ${columns.map((column) => html`<th scope="col" class=${classOf(column)} title=${column.title} data-column=${column.key}>${column.label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${repeat(
            shown,
            (row) => row.definition_id,
            (row) => this.renderRow(row, columns),
          )}
        </tbody>
      </table>
      ${
        shown.length < rows.length
          ? html`<button
            type="button"
            class="link"
            data-testid="definitions-all"
            @click=${() => {
              this.allRows = true;
            }}
          >
            Show all ${formatCount(rows.length)} definitions
          </button>`
          : nothing
      }
      ${this.renderRetraced(report)}
    `;
  }

  private renderRow(row: DefinitionInfo, columns: readonly DefinitionColumn[]): TemplateResult {
    const open = this.expanded.has(row.definition_id);
    return html`<tr data-testid="definition-row" data-definition=${row.definition_id}>
        <th scope="row">
          <span class="name">
            <button
              type="button"
              class="expander"
              aria-expanded=${String(open)}
              aria-label="Details of ${row.title}"
              data-testid="definition-expand"
              @click=${() => {
                this.expanded = toggled(this.expanded, row.definition_id);
              }}
            >
              <span aria-hidden="true">${open ? "▾" : "▸"}</span>
            </button>
            ${middleCut(row.title)}
          </span>
        </th>
        ${columns.map(
          (column) =>
            html`<td class=${classOf(column)} data-column=${column.key}>${
              column.key === "share" ? html`${splitBar(row)}<span>${column.text(row)}</span>` : column.text(row)
            }</td>`,
        )}
      </tr>
      ${open ? this.renderDetails(row, columns) : nothing}`;
  }

  private renderDetails(row: DefinitionInfo, columns: readonly DefinitionColumn[]): TemplateResult {
    const members = row.functions.flatMap((id) => this.functions.get(id) ?? []);
    const [first] = members;
    return html`<tr class="details" data-testid="definition-details">
      <td colspan=${columns.length + 1}>
        <p class="facts">
          ${first ? functionPlace(first) : nothing} <span class="chip">${row.kind}</span>
          <span class="narrow" data-testid="definition-modes"
            >${plural(row.calls.total, "call")}:
            ${columns
              .filter((column) => column.ofMode && column.text(row) !== "")
              .map(
                (column, index) => html`${index > 0 ? ", " : nothing}<b>${column.text(row)}</b> ${column.label}`,
              )}</span
          >
          <span>tracing <b>${formatDuration(row.tracing_ns)}</b></span>
          ${row.repeated.text === "" ? nothing : html`<span>${row.repeated.text}</span>`}
          ${row.threads > 1 ? html`<span>on ${plural(row.threads, "thread")}; the wall time is that of the busiest</span>` : nothing}
          ${row.suspended ? html`<span>with the time in which it lay suspended</span>` : nothing}
          ${jumpButton(row.longest_call && toCall(row.longest_call), { text: "Timeline", label: `Show the longest call of ${row.name} in the timeline`, testId: "definition-timeline" })}
          ${jumpButton(this.report && toFirstTrace(this.report, row.functions), { text: "Traces", label: `Show the traces of ${row.name}`, testId: "definition-traces" })}
        </p>
        ${members.length === 1 && first ? this.renderSignatures(first, row) : this.renderMembers(members, row)}
      </td>
    </tr>`;
  }

  private renderSignatures(info: FunctionInfo, row: DefinitionInfo): TemplateResult {
    return signatureList(info, this.whole.has(row.definition_id), () => {
      this.whole = toggled(this.whole, row.definition_id);
    });
  }

  private renderMembers(members: readonly FunctionInfo[], row: DefinitionInfo): TemplateResult {
    const shown = this.whole.has(row.definition_id) ? members : members.slice(0, SHOWN_FUNCTIONS);
    const columns = memberColumns(members);
    return html`<table class="members" aria-label="Functions made from ${row.name}">
        <thead>
          <tr>
            ${columns.map(({ label, numeric }) => html`<th scope="col" class=${numeric ? "number" : ""}>${label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            (info) =>
              html`<tr data-testid="definition-function" data-function=${info.function_id}>
                ${columns.map(({ text, numeric }) => html`<td class=${numeric ? "number" : "mono"}>${text(info)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
      ${
        shown.length < members.length
          ? html`<button
            type="button"
            class="link"
            data-testid="definition-functions-all"
            @click=${() => {
              this.whole = toggled(this.whole, row.definition_id);
            }}
          >
            Show all ${formatCount(members.length)} functions
          </button>`
          : nothing
      }`;
  }

  private renderRetraced(report: RunReport): TemplateResult | typeof nothing {
    const rows = retraced(report);
    if (rows.length === 0) return nothing;
    const shown = this.allRetraced ? rows : rows.slice(0, SHOWN_RETRACED);
    return html`<h2>Traced again</h2>
      <ul class="retraced" data-testid="retraced">
        ${shown.map(
          (row) =>
            html`<li data-testid="retraced-row" data-definition=${row.definition_id}>
              <b>${middleCut(row.title)}</b> <span>${row.changes}</span>
            </li>`,
        )}
      </ul>
      ${
        shown.length < rows.length
          ? html`<button
            type="button"
            class="link"
            data-testid="retraced-all"
            @click=${() => {
              this.allRetraced = true;
            }}
          >
            Show all ${formatCount(rows.length)} that were traced again
          </button>`
          : nothing
      }`;
  }
}

/** How much of the wall time it was open, and what that time was. The numbers beside it and its title say the same. */
function splitBar(row: DefinitionInfo): TemplateResult {
  const told = row.parts.map(({ part, ns }) => `${part} ${formatDuration(ns)}`).join(", ");
  return html`<span class="gauge" title=${told} aria-hidden="true"
    >${row.parts.map(({ part, share }) => html`<span style="width:${share * 100}%;${background(BUDGET_FILLS[part])}"></span>`)}</span
  >`;
}

function classOf({ ofMode }: DefinitionColumn): string {
  return ofMode ? "number of-mode" : "number";
}
