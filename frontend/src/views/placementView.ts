import { LitElement, html, nothing, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ApiClient } from "../api/client";
import type { Flow, NotHonouredInfo, RunPlacement, TransferInfo } from "../api/types";
import { formatBytes } from "../lib/bytes";
import { NODE_HEIGHT, NODE_WIDTH, flowPicture } from "../lib/flow";
import { formatCount, formatLocation, formatShare, plural, shortPath } from "../lib/text";
import { MISSING } from "../lib/time";
import { sharedStyles } from "../styles";
import { Fetched } from "../widgets/fetched";
import { NavigateEvent } from "../widgets/navigate";
import { placementStyles } from "./placementStyles";
import { tablesViewStyles, tableStyles } from "./tableStyles";

/** Where the ops of every function ran, what went from device to device, and what did not run where it should. */
@customElement("mt-placement-view")
export class PlacementView extends LitElement {
  static override styles = [sharedStyles, tableStyles, tablesViewStyles, placementStyles];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property() run = "";
  @property() revision = "";
  @property({ type: Boolean }) active = false;

  private readonly placement = new Fetched<RunPlacement>(this);

  protected override willUpdate(): void {
    const { api, run } = this;
    if (!this.active || !api) return;
    this.placement.ask(
      JSON.stringify([run, this.revision]),
      (signal) => api.placement(run, signal),
      this.placement.value?.run === run,
    );
  }

  override render(): TemplateResult {
    const placement = this.placement.value;
    if (this.placement.failure !== null) {
      return html`<p class="notice error" role="alert" data-testid="placement-failure">${this.placement.failure}</p>`;
    }
    if (!placement) return html`<section><p class="quiet" role="status">Loading the placement…</p></section>`;
    return html`
      ${this.renderMatrix(placement)} ${this.renderFlows(placement)} ${this.renderTransfers(placement)}
      ${this.renderNotHonoured(placement)}
    `;
  }

  private renderMatrix(placement: RunPlacement): TemplateResult {
    const { functions, devices, traces, placed } = placement;
    const rest = traces - placed;
    return html`<section aria-labelledby="matrix-title">
      <h2 id="matrix-title">Ops by device</h2>
      <p class="quiet" role="status" data-testid="placement-counts">
        ${
          traces === 0
            ? "Nothing was traced in this run."
            : rest === 0
              ? `The ops of ${traces === 1 ? "the one trace" : `all ${formatCount(traces)} traces`}, as TensorFlow placed them; a function is shown by its largest graph.`
              : `${formatCount(placed)} of ${plural(traces, "trace")} placed. The rest was not executed by itself, has constants of more than 1 MiB, or was not recorded.`
        }
      </p>
      ${
        functions.length === 0
          ? nothing
          : html`<div class="wide">
            <table class="matrix" data-testid="placement-matrix">
              <thead>
                <tr>
                  <th scope="col">Function</th>
                  ${devices.map((device) => html`<th scope="col" class="number mono">${device}</th>`)}
                  <th scope="col" class="number">Transfers</th>
                  <th scope="col" class="number">Not honoured</th>
                  <th scope="col"><span class="visually-hidden">Compiled</span></th>
                </tr>
              </thead>
              <tbody>
                ${functions.map((row) => {
                  return html`<tr data-testid="placement-row" data-function=${row.function}>
                    <th scope="row">
                      <button
                        type="button"
                        class="link"
                        aria-label="Show the graphs of ${row.function}"
                        @click=${() => {
                          this.dispatchEvent(new NavigateEvent({ view: "graphs", filter: row.function, trace: null }));
                        }}
                      >
                        ${row.function}
                      </button>
                    </th>
                    ${devices.map((device) => {
                      const ops = row.ops_by_device[device] ?? 0;
                      const share = row.shares_by_device[device] ?? 0;
                      return html`<td class="ops number" data-device=${device} data-ops=${ops} title="${formatShare(share)} of its ops">
                        ${
                          ops === 0
                            ? nothing
                            : html`<span class="share" style="width:${(100 * share).toFixed(1)}%"></span><span>${formatCount(ops)}</span>`
                        }
                      </td>`;
                    })}
                    <td class="number">${formatCount(row.transfers)}</td>
                    <td class="number">${formatCount(row.not_honoured_ops)}</td>
                    <td>${row.compiled ? html`<span class="chip" title="XLA made one program of all its ops.">XLA</span>` : nothing}</td>
                  </tr>`;
                })}
              </tbody>
            </table>
          </div>`
      }
    </section>`;
  }

  private renderFlows({ devices, flows, functions }: RunPlacement): TemplateResult | typeof nothing {
    if (functions.length === 0) return nothing;
    return html`<section aria-labelledby="flows-title">
      <h2 id="flows-title">Transfers between devices</h2>
      ${
        flows.length === 0
          ? html`<p class="quiet" data-testid="no-flows">
            ${devices.length <= 1 ? "There is one device, so nothing crosses." : "No tensor goes from one device to another."}
          </p>`
          : html`<p class="quiet">What one execution of each function sends.</p>
            ${picture(devices, flows)}`
      }
    </section>`;
  }

  private renderTransfers({ transfers }: RunPlacement): TemplateResult | typeof nothing {
    if (transfers.length === 0) return nothing;
    return html`<section aria-label="Every transfer">
      <div class="wide">
        <table data-testid="transfers">
          <thead>
            <tr><th>Op</th><th>Tensor</th><th class="number">Size</th><th>From</th><th>To</th><th>Line</th><th>Show</th></tr>
          </thead>
          <tbody>
            ${transfers.map(
              (transfer) => html`<tr data-testid="transfer-row" data-bytes=${transfer.bytes ?? ""}>
                <td class="mono">${transfer.op}</td>
                <td class="mono">${transfer.control ? "nothing but the order" : tensorText(transfer)}</td>
                <td class="number" title=${transfer.bytes === null ? "not known before it runs" : nothing}>${formatBytes(transfer.bytes)}</td>
                <td class="mono">${transfer.from}</td>
                <td class="mono">${transfer.to}</td>
                <td title=${formatLocation(transfer.file, transfer.line)}>${lineText(transfer.file, transfer.line)}</td>
                <td>${this.renderGraphLink(transfer.trace_id)}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  private renderNotHonoured({ not_honoured: ops, functions }: RunPlacement): TemplateResult | typeof nothing {
    if (functions.length === 0) return nothing;
    return html`<section aria-labelledby="not-honoured-title">
      <h2 id="not-honoured-title">Not where the program asked for</h2>
      ${
        ops.length === 0
          ? html`<p class="quiet" data-testid="all-honoured">Every op for which the program named a device ran there.</p>`
          : html`<div class="wide">
            <table data-testid="not-honoured">
              <thead>
                <tr><th>Op</th><th>Name</th><th>Asked for</th><th>Ran on</th><th>Why</th><th>Line</th><th>Show</th></tr>
              </thead>
              <tbody>
                ${ops.map(
                  (op) => html`<tr data-testid="not-honoured-row">
                    <td class="mono">${op.op}</td>
                    <td class="mono">${op.name}</td>
                    <td class="mono">${op.requested}</td>
                    <td class="mono">${op.actual}</td>
                    <td>${whyText(op)}</td>
                    <td title=${formatLocation(op.file, op.line)}>${lineText(op.file, op.line)}</td>
                    <td>${this.renderGraphLink(op.trace_id)}</td>
                  </tr>`,
                )}
              </tbody>
            </table>
          </div>`
      }
    </section>`;
  }

  private renderGraphLink(traceId: number): TemplateResult {
    return html`<button
      type="button"
      class="link"
      aria-label="Show the graph of trace ${traceId}"
      data-testid="placement-graph"
      @click=${() => {
        this.dispatchEvent(new NavigateEvent({ view: "graphs", trace: traceId }));
      }}
    >
      Graph
    </button>`;
  }
}

function picture(devices: readonly string[], flows: readonly Flow[]): TemplateResult {
  const { width, height, nodes, arrows } = flowPicture(devices, flows);
  const told = flows.map((flow) => `${flow.from} to ${flow.to}: ${flowText(flow)}`).join("; ");
  return html`<svg
    width=${width}
    height=${height}
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="Transfers: ${told}"
    data-testid="flow-picture"
  >
    <defs>
      <marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="15" markerHeight="15" markerUnits="userSpaceOnUse" orient="auto">
        <path d="M0 0L8 4L0 8Z" />
      </marker>
    </defs>
    ${arrows.map(
      ({ path, width: strokeWidth }) =>
        svg`<path class="arrow" d=${path} stroke-width=${strokeWidth} marker-end="url(#head)" />`,
    )}
    ${nodes.map(
      ({ device, x, y }) => svg`<g class="node">
        <rect x=${x - NODE_WIDTH / 2} y=${y - NODE_HEIGHT / 2} width=${NODE_WIDTH} height=${NODE_HEIGHT} rx="5" />
        <text x=${x} y=${y + 4}>${device.replace(/^\/device:/, "")}<title>${device}</title></text>
      </g>`,
    )}
    ${arrows.map(({ flow, labelX, labelY }) => svg`<text class="label" x=${labelX} y=${labelY + 4}>${flowText(flow)}</text>`)}
  </svg>`;
}

function flowText({ transfers, bytes, unknown }: Flow): string {
  const size = unknown === transfers ? "size not known" : `${formatBytes(bytes)}${unknown > 0 ? " and more" : ""}`;
  return `${formatCount(transfers)}×, ${size}`;
}

function tensorText({ dtype, shape }: TransferInfo): string {
  return `${dtype}[${shape === null ? "…" : shape.map((size) => size ?? "None").join(", ")}]`;
}

function whyText({ no_such_device: missing }: NotHonouredInfo): string {
  return missing
    ? "The process has no such device."
    : "Not told by TensorFlow: no kernel there, or it must be with another op.";
}

function lineText(file: string | null, line: number | null): string {
  return file === null ? MISSING : formatLocation(shortPath(file, 1), line);
}
