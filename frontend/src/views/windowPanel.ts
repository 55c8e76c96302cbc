import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ApiClient } from "../api/client";
import type { RunWindow } from "../api/types";
import { MODE_STYLES } from "../lib/modes";
import { formatCount, formatShare, plural } from "../lib/text";
import { formatDuration } from "../lib/time";
import type { TimeWindow } from "../lib/urlState";
import { sharedStyles } from "../styles";
import { Fetched } from "../widgets/fetched";
import { background, modeLabel, modeStyles } from "../widgets/modeSwatch";
import { NavigateEvent } from "../widgets/navigate";
import { WindowEvent } from "./minimap";

/** What happened in the range that is selected on the timeline's ruler. All sums are the server's. */
@customElement("mt-window-panel")
export class WindowPanel extends LitElement {
  static override styles = [
    sharedStyles,
    modeStyles,
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
        gap: 4px 16px;
        padding: 8px 16px 4px;
      }
      .head .close {
        margin-inline-start: auto;
      }
      .errors {
        color: var(--error-text);
        font-weight: 600;
      }
      .bar {
        margin: 2px 16px 6px;
        background: var(--bg);
      }
      .scroller {
        padding: 0 16px 10px;
        overflow: auto;
      }
      table {
        border-collapse: collapse;
      }
      th,
      td {
        padding: 2px 16px 2px 0;
        border-bottom: 1px solid var(--border);
        text-align: start;
      }
      thead th {
        color: var(--text-quiet);
        font-weight: 400;
        white-space: nowrap;
      }
      tbody th {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .number {
        text-align: end;
        white-space: nowrap;
      }
    `,
  ];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property() run = "";
  @property() revision = "";
  @property({ attribute: false }) range: TimeWindow | null = null;

  private readonly fetched = new Fetched<RunWindow>(this);

  protected override willUpdate(): void {
    const { api, run, revision, range } = this;
    if (!api || run === "" || !range) return;
    const key = JSON.stringify([run, revision, range.beginNs, range.endNs]);
    this.fetched.ask(key, (signal) => api.window(run, range, signal), this.fetched.value?.run === run);
  }

  override render(): TemplateResult {
    const { value, failure } = this.fetched;
    if (failure !== null) return html`<p class="notice error" role="alert">${failure}</p>`;
    if (!value) return html`<p class="head quiet" role="status">Counting…</p>`;
    return html`<section
      aria-label="Selected range"
      data-testid="window-panel"
      data-begin-ns=${value.begin_ns}
      data-end-ns=${value.end_ns}
    >
      <div class="head">
        <h2 data-testid="window-duration">${formatDuration(value.duration_ns)}</h2>
        <span data-testid="window-calls" data-value=${value.calls}>${plural(value.calls, "call")}</span>
        <span data-testid="window-traces" data-value=${value.traces}>${plural(value.traces, "trace")}</span>
        <span class=${value.errors > 0 ? "errors" : ""} data-testid="window-errors" data-value=${value.errors}>${plural(value.errors, "error")}</span>
        ${
          value.gaps_share === null
            ? nothing
            : html`<span data-testid="window-gaps">main thread outside recorded calls: <b>${formatShare(value.gaps_share)}</b></span>`
        }
        <button type="button" class="button" data-testid="window-zoom" @click=${this.zoom}>Zoom to it</button>
        <button
          type="button"
          class="button"
          data-testid="window-time"
          @click=${() => this.dispatchEvent(new NavigateEvent({ view: "time" }))}
        >
          Where its time goes
        </button>
        <button
          type="button"
          class="button close"
          aria-label="Close the range"
          data-testid="window-close"
          @click=${() => this.dispatchEvent(new NavigateEvent({ range: null }))}
        >
          Close
        </button>
      </div>
      ${this.renderModes(value)}
      <div class="scroller" role="region" aria-label="The range by definition and mode" tabindex="0">
        ${value.definitions.length === 0 ? html`<p class="quiet">No recorded call was open in it.</p>` : this.renderDefinitions(value)}
      </div>
    </section>`;
  }

  private renderModes({ modes, tracing_ns }: RunWindow): TemplateResult {
    return html`<div class="head">
        ${modes.map(
          ({ mode, calls, self_ns, share }) =>
            html`<span data-testid="window-mode" data-mode=${mode}
              >${modeLabel(MODE_STYLES[mode])} <b>${formatCount(calls)}</b> ${formatDuration(self_ns)}
              <span class="quiet">${formatShare(share)}</span></span
            >`,
        )}
        ${tracing_ns > 0 ? html`<span data-testid="window-tracing">while tracing <b>${formatDuration(tracing_ns)}</b></span>` : nothing}
      </div>
      <div class="bar" aria-hidden="true">
        ${modes.map(({ mode, self_ns }) => html`<span style="flex:${self_ns};${background(MODE_STYLES[mode])}"></span>`)}
        <span style="flex:${tracing_ns};min-width:0;${background(MODE_STYLES.tracing)}"></span>
      </div>`;
  }

  private renderDefinitions({ definitions, more }: RunWindow): TemplateResult {
    return html`<table aria-label="The range by definition and mode">
        <thead>
          <tr>
            <th scope="col">Definition</th>
            <th scope="col">Mode</th>
            <th scope="col" class="number" title="Calls that were open in the range">Calls</th>
            <th scope="col" class="number" title="In the range, with what they called, each call by itself">Time</th>
            <th scope="col" class="number" title="Without what they called and traced">Own time</th>
            <th scope="col" class="number" title="Own time, as a part of all of the range's calls and traces">Share</th>
          </tr>
        </thead>
        <tbody>
          ${definitions.map(
            (row) =>
              html`<tr data-testid="window-row" data-definition=${row.definition_id} data-mode=${row.mode}>
                <th scope="row">${row.title}</th>
                <td>${modeLabel(MODE_STYLES[row.mode])}</td>
                <td class="number">${formatCount(row.calls)}</td>
                <td class="number">${formatDuration(row.total_ns)}</td>
                <td class="number">${formatDuration(row.self_ns)}</td>
                <td class="number">${formatShare(row.share)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
      ${more > 0 ? html`<p class="quiet">${plural(more, "row")} more with less time.</p>` : nothing}`;
  }

  private readonly zoom = (): void => {
    if (this.range) this.dispatchEvent(new WindowEvent(this.range));
  };
}
