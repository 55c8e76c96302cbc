import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ApiClient } from "../api/client";
import type { FunctionTimes, FoundProfile, RunProfile, RunReport } from "../api/types";
import { xprofAddress } from "../host/tensorboard";
import { formatBytes } from "../lib/bytes";
import { modeStyle } from "../lib/modes";
import { PARTS, PART_STYLES } from "../lib/parts";
import { formatCount, formatShare, matches, plural } from "../lib/text";
import { formatDuration } from "../lib/time";
import type { TimeWindow } from "../lib/urlState";
import { sharedStyles } from "../styles";
import { Fetched } from "../widgets/fetched";
import { findingRow, findingStyles } from "../widgets/findings";
import { modeLabel, modeStyles, partsBar, partsText } from "../widgets/modeSwatch";
import { namedTimes, namedTimesStyles } from "../widgets/namedTimes";
import { NavigateEvent } from "../widgets/navigate";
import "./flameView";

const MOST_ROWS = 10;

/** Where time goes: by calls and samples, and, where TensorFlow's profiler ran, of every function in every mode. */
@customElement("mt-time-view")
export class TimeView extends LitElement {
  static override styles = [
    sharedStyles,
    modeStyles,
    findingStyles,
    namedTimesStyles,
    css`
      :host {
        display: block;
        height: 100%;
        overflow: auto;
      }
      section {
        padding: 10px 16px;
        border-bottom: 1px solid var(--border);
      }
      section > p {
        max-width: 100ch;
        margin: 4px 0;
      }
      .profiles {
        margin: 4px 0;
        padding: 0;
        list-style: none;
      }
      .profiles li {
        padding: 3px 0;
        overflow-wrap: anywhere;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 2px 14px;
      }
      .head h2 {
        overflow-wrap: anywhere;
      }
      .bar {
        height: 16px;
        margin: 6px 0 4px;
      }
      .toolbar {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px 16px;
      }
      .tables {
        display: flex;
        flex-wrap: wrap;
        gap: 8px 48px;
        padding-block: 6px 2px;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 16px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
    `,
  ];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property({ attribute: false }) report: RunReport | null = null;
  @property() run = "";
  @property() revision = "";
  @property() filter = "";
  /** The range that is selected on the timeline. */
  @property({ attribute: false }) range: TimeWindow | null = null;
  @property({ type: Boolean }) active = false;

  private readonly profile = new Fetched<RunProfile>(this);

  protected override willUpdate(): void {
    const { api, run } = this;
    if (!this.active || !api) return;
    const key = JSON.stringify([run, this.revision]);
    this.profile.ask(key, (signal) => api.profile(run, signal), this.profile.value?.run === run);
  }

  override render(): TemplateResult {
    return html`<mt-flame-view
        .api=${this.api}
        .run=${this.run}
        .revision=${this.revision}
        .range=${this.range}
        .active=${this.active}
      ></mt-flame-view>
      ${this.renderOps()}`;
  }

  /** What TensorFlow's profiler adds. */
  private renderOps(): TemplateResult {
    const profile = this.profile.value;
    if (this.profile.failure !== null) {
      return html`<p class="notice error" role="alert" data-testid="time-failure">${this.profile.failure}</p>`;
    }
    if (!profile) return html`<section><p class="quiet" role="status">Reading the profiles…</p></section>`;
    const rows = profile.functions.filter(({ function_id }) => matches(this.nameOf(function_id), this.filter));
    return html`
      ${profile.profiles.length === 0 ? renderNothing() : this.renderProfiles(profile)}
      ${
        profile.findings.length === 0
          ? nothing
          : html`<section aria-label="Findings" data-testid="profile-findings">${profile.findings.map(findingRow)}</section>`
      }
      ${
        profile.functions.length === 0
          ? nothing
          : html`<section class="toolbar">
            <input
              type="search"
              data-testid="time-filter"
              placeholder="Find functions"
              aria-label="Find functions by name"
              .value=${this.filter}
              @input=${(event: Event) => {
                this.dispatchEvent(new NavigateEvent({ filter: (event.target as HTMLInputElement).value }));
              }}
            />
            <span class="quiet" role="status">${plural(rows.length, "row")}</span>
            <ul class="legend" aria-label="Legend">
              ${PARTS.map((part) => html`<li>${modeLabel(PART_STYLES[part])}</li>`)}
            </ul>
          </section>`
      }
      ${rows.map((row) => this.renderFunction(row))}
    `;
  }

  private renderProfiles({ profiles, xprof }: RunProfile): TemplateResult {
    return html`<section data-testid="profiles">
      <h2>${plural(profiles.length, "profile")} of TensorFlow's</h2>
      <ul class="profiles">
        ${profiles.map((profile) => html`<li data-testid="profile">${renderProfile(profile, xprof)}</li>`)}
      </ul>
      ${
        xprof
          ? nothing
          : html`<p class="quiet" data-testid="no-xprof">
            XProf, TensorBoard's own view of profiles, is not installed beside this TensorBoard; <code>pip install xprof</code> adds its tab.
          </p>`
      }
    </section>`;
  }

  private renderFunction(row: FunctionTimes): TemplateResult {
    const style = modeStyle(row.mode);
    const { memory } = row;
    return html`<section
      data-testid="function-times"
      data-function=${this.nameOf(row.function_id)}
      data-mode=${row.mode}
      aria-label="${this.nameOf(row.function_id)}, ${row.mode}"
    >
      <div class="head">
        <h2>${this.nameOf(row.function_id)}</h2>
        ${style ? modeLabel(style) : row.mode}
        <span>
          ${plural(row.calls, "call")} profiled, ${formatDuration(row.duration_ns)} together,
          <b>${formatDuration(row.call_ns)}</b> each
        </span>
      </div>
      ${partsBar(row)}
      <p>${partsText(row)}</p>
      ${this.renderPenalty(row)}
      <div class="tables">
        <div>${namedTimes(row.op_types, MOST_ROWS, "ops")}</div>
        <div>${namedTimes(row.kernels, MOST_ROWS, "kernels")}</div>
        ${
          memory && memory.allocations > 0
            ? html`<div data-testid="times-memory">
              <p>
                ${plural(memory.allocations, "allocation")}, ${formatBytes(memory.allocated_bytes)} together,
                ${formatBytes(memory.freed_bytes)} given back${
                  memory.peak_bytes === null ? nothing : html`; at most ${formatBytes(memory.peak_bytes)} in use`
                }
              </p>
              <table class="times">
                <thead>
                  <tr>
                    <th scope="col">largest allocations</th>
                    <th scope="col">op</th>
                    <th scope="col">shape</th>
                  </tr>
                </thead>
                <tbody>
                  ${memory.largest.slice(0, MOST_ROWS / 2).map(
                    ({ bytes, op, shape }) =>
                      html`<tr>
                        <td class="number">${formatBytes(bytes)}</td>
                        <td class="mono">${op ?? "unknown"}</td>
                        <td class="mono">${shape ?? "unknown"}</td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
            : nothing
        }
      </div>
    </section>`;
  }

  /** How much of the time is not spent in ops, and what the same function costs in a graph. */
  private renderPenalty(row: FunctionTimes): TemplateResult | typeof nothing {
    if (row.ops === 0) return nothing;
    const graph = this.profile.value?.functions.find(
      ({ function_id, mode }) => function_id === row.function_id && mode === "graph" && row.mode === "eager",
    );
    return html`<p data-testid="between-ops">
      ${formatCount(Math.round(row.call_ops * 10) / 10)} ops a call; between them ${formatDuration(row.op_between_ops_ns)} an op
      (${formatShare(row.between_ops_share)} of the time).
      ${
        graph
          ? html`In a graph a call takes ${formatDuration(graph.call_ns)} instead of ${formatDuration(row.call_ns)}, of which
            ${formatDuration(graph.call_between_ops_ns)} instead of ${formatDuration(row.call_between_ops_ns)} are between ops.`
          : nothing
      }
    </p>`;
  }

  private nameOf(functionId: number): string {
    return (
      this.report?.functions.find(({ function_id }) => function_id === functionId)?.name ?? `function ${functionId}`
    );
  }
}

function renderNothing(): TemplateResult {
  return html`<section data-testid="time-empty">
    <h2>No profile lies beside this recording</h2>
    <p>
      Record with <code>tmt.record(logdir, profiler=True)</code>, or run TensorFlow's profiler while you record, in whichever way:
      <code>tf.profiler.experimental.start(logdir)</code>, Keras's <code>TensorBoard(profile_batch=…)</code> or XProf's capture button. Every
      op, kernel and allocation then appears under the call that caused it.
    </p>
  </section>`;
}

function renderProfile(profile: FoundProfile, xprof: boolean): TemplateResult {
  const { begin_ns, end_ns, clock, events, attached_events, xprof_run } = profile;
  return html`
    <b>${profile.session}</b> <span class="quiet">on ${profile.host}</span>
    ${
      begin_ns !== null && end_ns !== null
        ? html`· from ${formatDuration(begin_ns)} to ${formatDuration(end_ns)} of the recording ·
          <button
            type="button"
            class="link"
            data-testid="profile-window"
            @click=${(event: Event) =>
              event.target?.dispatchEvent(
                new NavigateEvent({
                  view: "timeline",
                  window: { beginNs: begin_ns, endNs: Math.max(begin_ns + 1, end_ns) },
                }),
              )}
          >
            Show it in the timeline
          </button>`
        : nothing
    }
    ${
      xprof && xprof_run !== null
        ? html`·
          <a href=${xprofAddress(xprof_run, profile.host)} class="link" target="_blank" rel="noopener" data-testid="xprof-link">Open in XProf</a>`
        : nothing
    }
    ${
      attached_events !== null && events !== null && clock
        ? html`<div class="quiet">
          ${plural(profile.calls, "call")}; ${formatCount(attached_events)} of ${plural(events, "event")} belong to them. ${clock.residual_ns ? html`The clocks agree within ${formatDuration(clock.residual_ns)}.` : "The clocks are aligned."}
        </div>`
        : nothing
    }
    ${profile.note === null ? nothing : html`<div data-testid="profile-note">${profile.note}</div>`}
    ${profile.warnings.map((warning) => html`<div class="quiet">The profiler says: ${warning}</div>`)}
  `;
}
