import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ApiClient } from "../api/client";
import type { GraphDetails as Graph, ShownLine, SourceInfo, TraceDetails, TypeCount } from "../api/types";
import { formatBytes } from "../lib/bytes";
import { textLines, type TextLine } from "../lib/graphLines";
import { formatCount, formatLocation, plural, shortPath } from "../lib/text";
import { MISSING, formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import { Fetched } from "../widgets/fetched";
import { NavigateEvent } from "../widgets/navigate";
import { graphsStyles } from "./graphsStyles";
import { viewStyles } from "./viewStyles";

/** Everything that is known of one concrete function. */
@customElement("mt-graph-details")
export class GraphDetails extends LitElement {
  static override styles = [sharedStyles, viewStyles, graphsStyles];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property() run = "";
  @property() revision = "";
  @property({ attribute: false }) traceId: number | null = null;
  @property({ attribute: false }) functionId: number | null = null;
  @state() private open: ReadonlySet<number> = new Set();

  private readonly trace = new Fetched<TraceDetails>(this);
  private readonly source = new Fetched<SourceInfo>(this);

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("traceId")) this.open = new Set();
    const { api, run, revision, traceId, functionId } = this;
    const key = JSON.stringify([run, revision, traceId]);
    this.trace.ask(
      api && traceId !== null ? key : null,
      (signal) => askFor(api).trace(run, traceId ?? 0, signal),
      true,
    );
    const sourceKey = JSON.stringify([run, revision, functionId]);
    this.source.ask(api && functionId !== null ? sourceKey : null, (signal) =>
      askFor(api).source(run, functionId ?? 0, signal),
    );
  }

  override render(): TemplateResult {
    const trace = this.trace.value;
    if (this.trace.failure !== null) {
      return html`<p class="notice error" role="alert" data-testid="graph-failure">${this.trace.failure}</p>`;
    }
    if (trace?.trace_id !== this.traceId) {
      return html`<p class="quiet" role="status">${this.traceId === null ? "Choose a trace." : "Loading the graph…"}</p>`;
    }
    return html`
      <h2 data-testid="graph-title">${trace.function}, trace ${formatCount(trace.ordinal)}</h2>
      <div class="links">
        <button
          type="button"
          class="link"
          data-testid="graph-traces"
          @click=${() => {
            this.dispatchEvent(new NavigateEvent({ view: "traces", trace: trace.trace_id }));
          }}
        >
          Why it was traced
        </button>
        ${
          trace.inside_call_id !== null
            ? html`<button
              type="button"
              class="link"
              data-testid="graph-timeline"
              @click=${() => {
                this.dispatchEvent(
                  new NavigateEvent({
                    view: "timeline",
                    call: { process: trace.process, callId: trace.inside_call_id ?? 0 },
                  }),
                );
              }}
            >
              ${trace.call_id === null ? "The call that it lies in" : "The call that caused it"}
            </button>`
            : nothing
        }
      </div>
      <dl class="io">
        <dt>Signature</dt>
        <dd class="mono">${trace.signature ?? MISSING}</dd>
        <dt>Outputs</dt>
        <dd class="mono">${trace.outputs ?? MISSING}</dd>
        <dt>Captures</dt>
        <dd class="mono">
          ${
            trace.captures.length === 0
              ? "none"
              : html`<ul tabindex="0" aria-label="Captures">
                  ${trace.captures.map((capture) => html`<li>${capture}</li>`)}
                </ul>`
          }
        </dd>
      </dl>
      ${
        trace.graph === null
          ? html`<p class="nothing quiet" data-testid="graph-missing">
            What this graph is made of was not recorded: an older tfmodetrace made the recording, or this TensorFlow's insides are not
            the ones it knows.
          </p>`
          : this.renderGraph(trace, trace.graph)
      }
    `;
  }

  private renderGraph(trace: TraceDetails, graph: Graph): TemplateResult {
    const { placement } = trace;
    const numbers: readonly (readonly [string, string, string])[] = [
      ["ops", "Ops", formatCount(graph.ops)],
      ["own-ops", "in its own graph", formatCount(graph.own_ops)],
      ["functions", "Nested functions", formatCount(graph.functions)],
      ["python-ops", "Python ops", formatCount(graph.python_ops)],
      ["constants", "Constants", `${formatCount(graph.constants)}, ${formatBytes(graph.constant_bytes)}`],
      ["resources", "Captured resources", formatCount(graph.resource_captures)],
      [
        "tensors",
        "Captured tensors",
        `${formatCount(graph.tensor_captures)}${graph.tensor_captures > 0 ? `, ${formatBytes(graph.tensor_capture_bytes)}` : ""}`,
      ],
      ["definition-bytes", "Definition", formatBytes(graph.definition_bytes)],
      ["calls", "Calls of this signature", formatCount(trace.calls)],
      ["tracing", "Tracing took", formatDuration(trace.duration_ns)],
    ];
    return html`
      <dl class="numbers">
        ${numbers.map(
          ([id, label, value]) =>
            html`<div><dt>${label}</dt><dd data-testid="graph-${id}" title=${value === MISSING ? "not recorded" : nothing}>${value}</dd></div>`,
        )}
      </dl>
      <h3>Where its ops ran</h3>
      ${
        placement === null
          ? html`<p class="quiet" data-testid="not-placed">${
              trace.executed === true
                ? "It was executed, but where its ops ran was not recorded."
                : "Not recorded: it was not executed by itself, or its constants are too large to ask TensorFlow."
            }</p>`
          : html`<p>
            ${Object.entries(placement.ops_by_device).map(
              ([device, ops], index) =>
                html`${index > 0 ? ", " : nothing}<span class="mono">${device}</span> ${plural(ops, "op")}`,
            )}${placement.compiled ? ", compiled by XLA into one program" : nothing}.
            ${plural(placement.transfers, "transfer")} between devices${
              placement.not_honoured_ops > 0
                ? html`, <b>${plural(placement.not_honoured_ops, "op")} not where the program asked for</b>`
                : nothing
            }.
            <button
              type="button"
              class="link"
              @click=${() => {
                this.dispatchEvent(new NavigateEvent({ view: "placement" }));
              }}
            >
              Placement
            </button>
          </p>`
      }
      ${this.renderLines(graph)} ${renderTypes(graph)} ${renderControlFlow(graph)} ${renderConstants(graph)} ${renderCasts(graph)}
    `;
  }

  private renderLines(graph: Graph): TemplateResult {
    const source = this.source.value;
    const more = [
      ...graph.elsewhere.map((line, index) => ({
        id: -2 - index,
        label: `${shortPath(line.file ?? "")}:${line.line ?? ""}`,
        line,
      })),
      ...graph.by_tensorflow.map((line, index) => ({
        id: -2 - graph.elsewhere.length - index,
        label: "made by TensorFlow: inputs, captures, outputs",
        line,
      })),
    ];
    return html`
      <h3 id="lines-title">Ops by line</h3>
      ${
        source === null && !this.source.isLoading
          ? html`<p class="quiet">The text of the function was not recorded; these are the lines that made ops.</p>`
          : nothing
      }
      <div class="lines mono" role="list" aria-labelledby="lines-title" data-testid="graph-lines">
        ${textLines(graph.own_lines, source).map((line) => this.renderOwnLine(line))}
        ${more.map(
          ({ id, label, line }) => html`<div role="listitem" data-testid="graph-other-line" data-ops=${line.ops}>
            <div class="line made">
              ${this.renderExpander(id, label)}
              <span class="at"></span>
              ${measure(line)}
              <span class="code quiet" title=${formatLocation(line.file, line.line)}>${label}${line.code ? html`: ${line.code}` : nothing}</span>
            </div>
            ${this.open.has(id) ? html`<div class="through">${typesText(line.shown_types)}</div>` : nothing}
          </div>`,
        )}
      </div>
    `;
  }

  private renderOwnLine({ number, text, made }: TextLine): TemplateResult {
    const open = this.open.has(number);
    return html`<div role="listitem" data-testid="graph-line" data-line=${number} data-ops=${made?.ops ?? 0}>
      <div class="line ${made ? "made" : ""}">
        ${made ? this.renderExpander(number, `line ${number}`) : html`<span></span>`}
        <span class="at">${number}</span>
        ${made ? measure(made) : html`<span></span>`}
        <span class="code" title=${text.trim()}
          >${text}${
            made && made.repeats > 1
              ? html` <span class="chip prominent" title="The same ops were made again and again, as a loop over Python values makes them."
                  >× ${formatCount(made.repeats)}</span
                >`
              : nothing
          }${made?.in_loop ? html` <span class="chip" title="These ops are in the body of a loop in the graph.">in a loop</span>` : nothing}</span
        >
      </div>
      ${
        made && open
          ? html`<div class="through" data-testid="graph-through">
            <ul>
              ${made.through.map(
                (through) => html`<li>
                  ${
                    through.line === number
                      ? nothing
                      : html`<span class="quiet" title=${formatLocation(through.file, through.line)}
                          >${shortPath(through.file ?? "")}:${through.line}</span
                        >
                        ${through.code ?? ""}<br />`
                  }
                  ${plural(through.ops, "op")}${through.repeats > 1 ? `, ${formatCount(through.repeats)} times the same` : nothing}:
                  ${typesText(through.shown_types)}
                </li>`,
              )}
            </ul>
          </div>`
          : nothing
      }
    </div>`;
  }

  private renderExpander(id: number, label: string): TemplateResult {
    const open = this.open.has(id);
    return html`<button
      type="button"
      class="expander small"
      aria-expanded=${String(open)}
      aria-label="Ops of ${label}"
      data-testid="graph-line-expand"
      @click=${() => {
        const next = new Set(this.open);
        if (!next.delete(id)) next.add(id);
        this.open = next;
      }}
    >
      <span aria-hidden="true">${open ? "▾" : "▸"}</span>
    </button>`;
  }
}

function askFor(api: ApiClient | null): ApiClient {
  if (!api) throw new Error("The page is not connected to a server.");
  return api;
}

function measure({ ops, of_most: ofMost }: Pick<ShownLine, "ops" | "of_most">): TemplateResult {
  return html`<span class="measure"
    ><span class="count number">${formatCount(ops)}</span><span class="bar" style="width:${Math.round(90 * ofMost)}px"></span
  ></span>`;
}

function typesText(types: readonly TypeCount[]): string {
  return types.map(({ type, ops }) => `${type} ${formatCount(ops)}`).join(", ");
}

function renderTypes(graph: Graph): TemplateResult {
  return html`<h3>Op types</h3>
    <ul class="types" data-testid="graph-types">
      ${graph.shown_types.map(
        ({ type, ops }) =>
          html`<li><span class="mono">${type}</span><span class="number">${formatCount(ops)}</span></li>`,
      )}
    </ul>`;
}

function renderControlFlow(graph: Graph): TemplateResult | typeof nothing {
  if (graph.control_flow.length === 0) return nothing;
  return html`<h3>Loops and branches in the graph</h3>
    <ul class="types">
      ${graph.control_flow.map(
        ({ type, file, line }) =>
          html`<li><span class="mono">${type}</span><span class="quiet" title=${formatLocation(file, line)}>${place(file, line)}</span></li>`,
      )}
    </ul>`;
}

function renderConstants(graph: Graph): TemplateResult | typeof nothing {
  if (graph.large_constants.length === 0) return nothing;
  return html`<h3>Large constants</h3>
    <table>
      <tr><th>Constant</th><th>Size</th><th>From</th></tr>
      ${graph.large_constants.map(
        ({ op, dtype, shape, bytes, file, line }) => html`<tr>
          <td class="mono">${op}: ${dtype}[${shape.join(", ")}]</td>
          <td class="number">${formatBytes(bytes)}</td>
          <td title=${formatLocation(file, line)}>${place(file, line)}</td>
        </tr>`,
      )}
    </table>`;
}

function renderCasts(graph: Graph): TemplateResult | typeof nothing {
  if (graph.input_casts.length === 0) return nothing;
  return html`<h3>Inputs that are converted first</h3>
    <table>
      <tr><th>Input</th><th>From</th><th>To</th><th>At</th></tr>
      ${graph.input_casts.map(
        (cast) => html`<tr>
          <td class="mono">${cast.input}</td>
          <td>${cast.from_dtype}</td>
          <td>${cast.to_dtype}</td>
          <td title=${formatLocation(cast.file, cast.line)}>${place(cast.file, cast.line)}</td>
        </tr>`,
      )}
    </table>`;
}

function place(file: string | null, line: number | null): string {
  return file === null ? MISSING : formatLocation(shortPath(file, 1), line);
}
