import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ApiClient } from "../api/client";
import type { Node, OwnTime, RunFlame } from "../api/types";
import { BUDGET_FILLS } from "../lib/budget";
import { placed, type Placed } from "../lib/icicle";
import { formatShare, plural } from "../lib/text";
import { formatDuration } from "../lib/time";
import type { TimeWindow } from "../lib/urlState";
import { sharedStyles } from "../styles";
import { Fetched } from "../widgets/fetched";
import { background, modeStyles } from "../widgets/modeSwatch";
import { NavigateEvent } from "../widgets/navigate";

const ROW_PX = 22;
const SHOWN_ROWS = 15;

/** Where the time of a range went: calls by what called them, what was traced and sampled in them, and beside it the same bottom up. */
@customElement("mt-flame-view")
export class FlameView extends LitElement {
  static override styles = [
    sharedStyles,
    modeStyles,
    css`
      :host {
        display: block;
        padding: 10px 16px;
        border-bottom: 1px solid var(--border);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 2px 16px;
        margin-bottom: 6px;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 16px;
        margin: 0 0 6px;
        padding: 0;
        list-style: none;
      }
      .both {
        display: grid;
        grid-template-columns: minmax(0, 3fr) minmax(300px, 1fr);
        gap: 8px 24px;
        align-items: start;
      }
      @media (max-width: 1000px) {
        .both {
          grid-template-columns: minmax(0, 1fr);
        }
      }
      .icicle {
        position: relative;
        min-width: 0;
        max-height: 60vh;
        overflow: hidden auto;
      }
      .node {
        position: absolute;
        height: ${ROW_PX - 1}px;
        padding: 0 4px;
        overflow: hidden;
        border: 0;
        border-inline-end: 1px solid var(--bg);
        border-radius: 2px;
        color: #141414;
        font-size: 11px;
        line-height: ${ROW_PX - 1}px;
        text-align: start;
        text-overflow: ellipsis;
        white-space: nowrap;
        cursor: pointer;
      }
      .node.thread {
        background: var(--bg-hover);
        color: var(--text);
      }
      .node.sampled,
      .node.op {
        border-bottom: 2px dashed rgb(0 0 0 / 45%);
      }
      .node:hover,
      .node:focus-visible {
        z-index: 1;
        box-shadow: inset 0 0 0 2px var(--text);
      }
      table {
        width: 100%;
        border-collapse: collapse;
      }
      th,
      td {
        padding: 2px 0 2px 10px;
        border-bottom: 1px solid var(--border);
        font-weight: 400;
        text-align: start;
      }
      th:first-child {
        padding-inline-start: 0;
        overflow-wrap: anywhere;
      }
      thead th {
        color: var(--text-quiet);
      }
      .number {
        text-align: end;
        white-space: nowrap;
      }
      .swatch {
        margin-inline-end: 6px;
        vertical-align: -2px;
      }
    `,
  ];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property() run = "";
  @property() revision = "";
  /** null: the whole recording. */
  @property({ attribute: false }) range: TimeWindow | null = null;
  @property({ type: Boolean }) active = false;
  @state() private root: number | null = null;
  /** The node that the keyboard is at. */
  @state() private focused = 0;
  @state() private allRows = false;

  private readonly fetched = new Fetched<RunFlame>(this);

  protected override willUpdate(changed: PropertyValues<this>): void {
    const { api, run, revision, range } = this;
    if (changed.has("run") || changed.has("range")) this.root = null;
    if (!this.active || !api || run === "") return;
    const key = JSON.stringify([run, revision, range]);
    this.fetched.ask(key, (signal) => api.flame(run, range, signal), this.fetched.value?.run === run);
  }

  override render(): TemplateResult {
    const { value, failure } = this.fetched;
    if (failure !== null) return html`<p class="notice error" role="alert">${failure}</p>`;
    if (!value) return html`<p class="quiet" role="status">Adding up the calls…</p>`;
    const nodes = placed(value.nodes, this.root);
    return html`<section aria-labelledby="flame-title" data-testid="flame" data-begin-ns=${value.begin_ns} data-end-ns=${value.end_ns}>
      <div class="head">
        <h2 id="flame-title">Calls, and what was traced and sampled in them</h2>
        <span class="quiet">${this.range ? `${formatDuration(value.begin_ns)} to ${formatDuration(value.end_ns)}` : "the whole recording"}, ${formatDuration(value.end_ns - value.begin_ns)}</span>
        ${
          this.range
            ? html`<button
              type="button"
              class="link"
              data-testid="flame-whole"
              @click=${() => this.dispatchEvent(new NavigateEvent({ range: null }))}
            >
              The whole recording
            </button>`
            : nothing
        }
        ${
          this.root === null
            ? nothing
            : html`<button
              type="button"
              class="link"
              data-testid="flame-reset"
              @click=${() => {
                this.root = null;
              }}
            >
              Everything again
            </button>`
        }
        ${value.left_out > 0 ? html`<span class="quiet">${plural(value.left_out, "node")} with little time left out</span>` : nothing}
      </div>
      ${
        value.nodes.length === 0
          ? html`<p class="quiet" data-testid="flame-empty">No recorded call was open, and no sample was taken.</p>`
          : html`<ul class="legend" aria-label="Legend">
                ${[...new Set(value.bottom_up.flatMap(({ part }) => part ?? []))].map(
                  (part) =>
                    html`<li><span class="swatch" style=${background(BUDGET_FILLS[part])} aria-hidden="true"></span>${part}</li>`,
                )}
                <li class="quiet">dashed: sampled</li>
              </ul>
              <div class="both">${this.renderIcicle(nodes)} ${this.renderTable(value.bottom_up)}</div>`
      }
    </section>`;
  }

  private renderIcicle(nodes: readonly Placed[]): TemplateResult {
    const at = this.focusedOf(nodes);
    const rows = Math.max(0, ...nodes.map(({ depth }) => depth)) + 1;
    return html`<div
      class="icicle"
      role="group"
      aria-label="Where time goes, from callers to what they called. Arrow keys move, Enter shows a part as a whole."
      style="height:${rows * ROW_PX}px"
      @keydown=${(event: KeyboardEvent) => {
        this.onKey(event, nodes);
      }}
    >
      ${nodes.map(({ node, depth, left, width }) => {
        const fill = node.part === null ? "" : background(BUDGET_FILLS[node.part]);
        const text = textOf(node);
        return html`<button
          type="button"
          class="node ${node.kind}"
          tabindex=${node.node === at ? 0 : -1}
          style="left:${left * 100}%;width:${width * 100}%;top:${depth * ROW_PX}px;${fill}"
          title=${text}
          aria-label=${text}
          data-testid="flame-node"
          data-node=${node.node}
          data-kind=${node.kind}
        @focus=${() => {
          this.focused = node.node;
        }}
          data-total-ns=${node.total_ns}
          @click=${() => {
            this.root = this.root === node.node || node.parent === null ? null : node.node;
            this.focused = node.node;
          }}
        >
          ${width > 0.02 ? node.name : nothing}
        </button>`;
      })}
    </div>`;
  }

  private renderTable(rows: readonly OwnTime[]): TemplateResult {
    const shown = this.allRows ? rows : rows.slice(0, SHOWN_ROWS);
    return html`<div>
      <table aria-label="Own time, wherever it was called from" data-testid="flame-table">
        <thead>
          <tr>
            <th scope="col">Own time of</th>
            <th scope="col" class="number">Time</th>
            <th scope="col" class="number">Share</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            ({ name, kind, part, self_ns, share, how }) =>
              html`<tr data-testid="flame-row" data-kind=${kind}>
                <th scope="row">
                  ${part === null ? nothing : html`<span class="swatch" style=${background(BUDGET_FILLS[part])} aria-hidden="true"></span>`}${name}
                  ${how === "sampled" ? html`<span class="quiet">sampled</span>` : nothing}
                </th>
                <td class="number">${formatDuration(self_ns)}</td>
                <td class="number">${formatShare(share)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
      ${
        shown.length < rows.length
          ? html`<button
            type="button"
            class="link"
            data-testid="flame-rows-all"
            @click=${() => {
              this.allRows = true;
            }}
          >
            Show all ${plural(rows.length, "row")}
          </button>`
          : nothing
      }
    </div>`;
  }

  /** The node that the keyboard is at, or the first where that is not shown. */
  private focusedOf(nodes: readonly Placed[]): number | undefined {
    return (nodes.find(({ node }) => node.node === this.focused) ?? nodes[0])?.node.node;
  }

  private onKey(event: KeyboardEvent, nodes: readonly Placed[]): void {
    const at = nodes.find(({ node }) => node.node === this.focusedOf(nodes));
    if (!at) return;
    const found = {
      ArrowDown: nodes.findIndex(({ node }) => node.parent === at.node.node),
      ArrowUp: nodes.findIndex(({ node }) => node.node === at.node.parent),
      ArrowRight: nodes.findIndex(({ depth, left }) => depth === at.depth && left > at.left),
      ArrowLeft: nodes.findLastIndex(({ depth, left }) => depth === at.depth && left < at.left),
    }[event.key];
    if (found === undefined) return;
    event.preventDefault();
    if (found < 0) return;
    this.focused = nodes[found]?.node.node ?? 0;
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>(`[data-node="${this.focused}"]`)?.focus(),
    );
  }
}

function textOf({ name, kind, calls, total_ns, self_ns, share, part, how }: Node): string {
  const what =
    kind === "call"
      ? ` (${plural(calls, "call")}, ${part ?? ""})`
      : part === null
        ? ""
        : ` (${part}${how === "sampled" ? ", sampled" : ""})`;
  return `${name}${what}: ${formatDuration(total_ns)}, ${formatShare(share)} of the range; itself ${formatDuration(self_ns)}`;
}
