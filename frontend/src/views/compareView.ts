import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ApiClient } from "../api/client";
import type { ComparedRuns, DefinitionChange, FindingChange, PartChange, TimeChange } from "../api/types";
import { BUDGET_FILLS } from "../lib/budget";
import { formatBytes } from "../lib/bytes";
import { runLabel } from "../lib/runList";
import { formatCount, plural } from "../lib/text";
import { formatDuration, MISSING } from "../lib/time";
import { sharedStyles } from "../styles";
import { Fetched } from "../widgets/fetched";
import { background } from "../widgets/modeSwatch";
import { compareStyles } from "./compareStyles";
import { tableStyles } from "./tableStyles";

const SHOWN_DEFINITIONS = 15;

/** Two runs beside each other: what differs between them first, then what that did. All its texts are the server's. */
@customElement("mt-compare-view")
export class CompareView extends LitElement {
  static override styles = [sharedStyles, tableStyles, compareStyles];

  @property({ attribute: false }) api: ApiClient | null = null;
  /** What is compared with. */
  @property() a = "";
  @property() b = "";
  /** The states of both, as one text. */
  @property() revisions = "";
  @property({ type: Boolean }) active = false;
  @state() private allRows = false;

  private readonly compared = new Fetched<ComparedRuns>(this);

  protected override willUpdate(changed: PropertyValues<this>): void {
    const { api, a, b } = this;
    if (changed.has("a") || changed.has("b")) this.allRows = false;
    if (!this.active || api === null) return;
    const same = this.compared.value?.a.label === a && this.compared.value.b.label === b;
    this.compared.ask(JSON.stringify([a, b, this.revisions]), (signal) => api.compare(a, b, signal), same);
  }

  override render(): TemplateResult {
    const { value, failure } = this.compared;
    return html`<div class="scroller" tabindex="0" role="region" aria-label="Comparison">
      ${
        failure !== null
          ? html`<p class="notice error" role="alert" data-testid="compare-error">${failure}</p>`
          : value === null
            ? html`<p class="loading quiet" role="status">Comparing…</p>`
            : this.renderCompared(value)
      }
    </div>`;
  }

  private renderCompared(told: ComparedRuns): TemplateResult {
    return html`
      <section class="answer">
        <h2><b class="side">A</b> ${runLabel(told.a.label)} <b class="side">B</b> ${runLabel(told.b.label)}</h2>
        <ul data-testid="compare-summary">
          ${told.summary.map((sentence) => html`<li>${sentence}</li>`)}
        </ul>
      </section>
      ${this.renderSettings(told)} ${this.renderBudget(told)} ${this.renderDefinitions(told)}
      ${this.renderFindings(told)} ${this.renderMemory(told)}
      <section class="notes quiet" data-testid="compare-notes">${told.notes.map((note) => html`<p>${note}</p>`)}</section>
    `;
  }

  private renderSettings({ settings }: ComparedRuns): TemplateResult | typeof nothing {
    if (settings.length === 0) return nothing;
    return html`<section>
      <h2>What differs between the runs</h2>
      <div class="wide" tabindex="0" role="region" aria-label="What differs between the runs">
        <table data-testid="compare-settings">
          <thead>
            <tr><th scope="col">What</th><th scope="col">A</th><th scope="col">B</th></tr>
          </thead>
          <tbody>
            ${settings.map(
              ({ what, a, b }) =>
                html`<tr>
                  <th scope="row">${what}</th>
                  <td class="mono text">${a}</td>
                  <td class="mono text">${b}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  private renderBudget(told: ComparedRuns): TemplateResult {
    const bar = (name: "A" | "B", ns: number) =>
      html`<span class="side">${name}</span>
        <span class="budget" role="img" aria-label="${name}: ${formatDuration(ns)}" data-testid="compare-bar"
          >${told.budget.map((part) => slice(part, name))}</span
        >
        <span class="number">${formatDuration(ns)}</span>`;
    return html`<section>
      <h2>Wall time <span class="quiet">${told.delta_text}</span></h2>
      <div class="bars">${bar("A", told.a.wall_ns)} ${bar("B", told.b.wall_ns)}</div>
      <div class="wide" tabindex="0" role="region" aria-label="Parts of the wall time">
        <table data-testid="compare-budget">
          <thead>
            <tr>
              <th scope="col">Part</th>
              ${["A", "B", "B − A"].map((head) => html`<th scope="col" class="number">${head}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${told.budget.map(
              (part) =>
                html`<tr data-part=${part.part}>
                  <th scope="row">
                    <span class="swatch" style=${background(BUDGET_FILLS[part.part])} aria-hidden="true"></span>
                    ${part.name}${part.sampled ? html` <span class="quiet">sampled</span>` : nothing}
                  </th>
                  <td class="number">${formatDuration(part.a_ns)}</td>
                  <td class="number">${formatDuration(part.b_ns)}</td>
                  <td class="number">${part.delta_text}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  private renderDefinitions({ rows }: ComparedRuns): TemplateResult | typeof nothing {
    if (rows.length === 0) return nothing;
    const shown = this.allRows ? rows : rows.slice(0, SHOWN_DEFINITIONS);
    return html`<section>
      <h2>Definitions <span class="quiet">those whose time changed most first</span></h2>
      <div class="wide" tabindex="0" role="region" aria-label="Definitions">
        <table data-testid="compare-definitions">
          <thead>
            <tr>
              <th scope="col">Definition</th>
              ${["Calls", "Traces", "A", "B", "B − A"].map((head) => html`<th scope="col" class="number">${head}</th>`)}
              <th scope="col">A call takes</th>
            </tr>
          </thead>
          <tbody>
            ${shown.map(definition)}
          </tbody>
        </table>
      </div>
      ${
        shown.length < rows.length
          ? html`<button
              type="button"
              class="link"
              data-testid="compare-all"
              @click=${() => {
                this.allRows = true;
              }}
            >
              Show all ${formatCount(rows.length)} definitions
            </button>`
          : nothing
      }
    </section>`;
  }

  private renderFindings({ findings }: ComparedRuns): TemplateResult | typeof nothing {
    if (findings.length === 0) return nothing;
    const told = findings.filter(({ state }) => state !== "same");
    const same = findings.length - told.length;
    return html`<section>
      <h2>Findings</h2>
      <ul class="findings" data-testid="compare-findings">
        ${told.map(finding)}
      </ul>
      ${same === 0 ? nothing : html`<p class="quiet">${plural(same, "finding")} ${same === 1 ? "is" : "are"} the same in both.</p>`}
    </section>`;
  }

  private renderMemory({ memory }: ComparedRuns): TemplateResult | typeof nothing {
    if (memory.length === 0) return nothing;
    return html`<section>
      <h2>Memory, at most</h2>
      <table data-testid="compare-memory">
        <thead>
          <tr>
            <th scope="col">Of</th>
            ${["A", "B", "B − A"].map((head) => html`<th scope="col" class="number">${head}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${memory.map(
            ({ what, a_bytes: a, b_bytes: b, delta_text: delta }) =>
              html`<tr>
                <th scope="row">${what}</th>
                <td class="number">${formatBytes(a)}</td>
                <td class="number">${formatBytes(b)}</td>
                <td class="number">${delta || MISSING}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </section>`;
  }
}

function slice(part: PartChange, side: "A" | "B"): TemplateResult | typeof nothing {
  const [share, ns] = side === "A" ? [part.a_share, part.a_ns] : [part.b_share, part.b_ns];
  if (ns === 0) return nothing;
  return html`<span
    class=${part.sampled ? "sampled" : ""}
    style="width:${share * 100}%;${background(BUDGET_FILLS[part.part])}"
    title="${part.name} ${formatDuration(ns)}"
  ></span>`;
}

function definition(row: DefinitionChange): TemplateResult {
  const both = (a: string | null, b: string | null) => (a === b ? (a ?? MISSING) : `${a ?? MISSING} → ${b ?? MISSING}`);
  const counted = (calls: number | null) => (calls === null ? null : formatCount(calls));
  const line = row.b_line ?? row.a_line;
  return html`<tr data-testid="compare-row" data-name=${row.name}>
    <th scope="row">
      <span class="name">${row.name}</span>
      <span class="quiet place">${row.file}${line === null ? "" : `:${String(line)}`}</span>
      ${row.code === "differs" ? html`<span class="chip">code differs</span>` : nothing}
      ${row.a_calls === null ? html`<span class="chip">only in B</span>` : nothing}
      ${row.b_calls === null ? html`<span class="chip">only in A</span>` : nothing}
    </th>
    <td class="number">${both(counted(row.a_calls), counted(row.b_calls))}</td>
    <td class="number">${both(row.a_traces, row.b_traces)}</td>
    <td class="number">${row.a_calls === null ? MISSING : formatDuration(row.a_ns)}</td>
    <td class="number">${row.b_calls === null ? MISSING : formatDuration(row.b_ns)}</td>
    <td class="number" title=${row.parts_text}>${row.delta_text}</td>
    <td class="times">${row.times.map(time)}</td>
  </tr>`;
}

function time(change: TimeChange): TemplateResult {
  return html`<div data-testid="compare-time" data-verdict=${change.verdict}>
    <span class="mode-name">${change.mode}</span> ${formatDuration(change.a_ns)} → ${formatDuration(change.b_ns)}
    ${change.ratio === null ? nothing : html`<b>${change.ratio_text}</b>`}
    <span class="verdict ${change.other_signatures ? "undecided" : change.verdict}">${change.verdict_text}</span>
  </div>`;
}

function finding(change: FindingChange): TemplateResult {
  const severity = change.b_severity ?? change.a_severity;
  return html`<li data-testid="compare-finding" data-state=${change.state} data-finding=${change.id}>
    <span class="chip state ${change.state}">${change.state}</span> <span class="quiet">${severity}</span>
    <b>${change.title}</b> <span class="quiet">${change.id}</span>
    ${change.place === null ? nothing : html`<span class="mono">${change.place}</span>`}
    <span>${change.cost_text}</span> ${change.runs_text === "" ? nothing : html`<span class="quiet">${change.runs_text}</span>`}
  </li>`;
}
