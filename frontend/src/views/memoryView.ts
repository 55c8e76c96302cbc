import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ApiClient } from "../api/client";
import type { MemoryFigures, DeviceLine, RaisingCall, RunMemory, RunReport } from "../api/types";
import { formatBytes } from "../lib/bytes";
import { toCall } from "../lib/jumps";
import { formatCount, plural, shortProcess } from "../lib/text";
import { MISSING, formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import { Fetched } from "../widgets/fetched";
import "../widgets/memoryChart";
import { jumpButton } from "../widgets/jumpButton";
import { NavigateEvent } from "../widgets/navigate";
import { tablesViewStyles, tableStyles } from "./tableStyles";

const POINTS = 1000;

/** What devices held over time, which calls raised it, and what every function did to it. */
@customElement("mt-memory-view")
export class MemoryView extends LitElement {
  static override styles = [sharedStyles, tableStyles, tablesViewStyles];

  @property({ attribute: false }) api: ApiClient | null = null;
  @property({ attribute: false }) report: RunReport | null = null;
  @property() run = "";
  @property() revision = "";
  @property({ type: Boolean }) active = false;

  private readonly memory = new Fetched<RunMemory>(this);

  protected override willUpdate(): void {
    const { api, run } = this;
    if (!this.active || !api) return;
    this.memory.ask(
      JSON.stringify([run, this.revision]),
      (signal) => api.memory(run, POINTS, signal),
      this.memory.value?.run === run,
    );
  }

  override render(): TemplateResult {
    const memory = this.memory.value;
    if (this.memory.failure !== null) {
      return html`<p class="notice error" role="alert" data-testid="memory-failure">${this.memory.failure}</p>`;
    }
    if (!memory) return html`<section><p class="quiet" role="status">Loading the memory…</p></section>`;
    return html`
      ${memory.devices.length === 0 ? this.renderNothing(memory) : nothing} ${memory.devices.map((line) => this.renderDevice(line))} ${memory.host.map((host) => this.renderHost(host))}
      ${memory.devices.length === 0 ? nothing : this.renderRaised(memory.raised)} ${this.renderFunctions()}
    `;
  }

  private renderNothing({ mode }: RunMemory): TemplateResult {
    return html`<section data-testid="memory-empty">
      <h2>No device memory was sampled</h2>
      ${
        mode === "off"
          ? html`<p>
            Record with <code>tmt.record(logdir, memory="peak")</code>, or decorate single functions with
            <code>@tmt.traced(memory="peak")</code>: every call then tells what it found on each device, left behind and needed in between.
          </p>`
          : html`<p>
            It was asked for, but no device's allocator told anything. TensorFlow's CPU allocator does only with oneDNN, that is, without
            <code>TF_ENABLE_ONEDNN_OPTS=0</code> and on a processor that oneDNN supports; GPUs always do.
          </p>`
      }
    </section>`;
  }

  private renderDevice(line: DeviceLine): TemplateResult {
    const label = `${line.device}${this.ofProcess(line.process)}`;
    return html`<section aria-label=${label} data-testid="memory-device" data-device=${line.device}>
      <h2>${label}</h2>
      <mt-memory-chart
        .label=${label}
        .lines=${[
          { label: "allocated", timeNs: line.time_ns, bytes: line.current_bytes, filled: true },
          ...(line.peak_bytes ? [{ label: "peak", timeNs: line.time_ns, bytes: line.peak_bytes, filled: false }] : []),
        ]}
      ></mt-memory-chart>
      <p class="quiet">
        Samples of ${plural(line.samples, "call")}, taken when each began and ended.
        ${
          line.peak_bytes === null
            ? html`Peaks were not sampled; <code>memory="peak"</code> does.`
            : line.samples * 2 > line.time_ns.length
              ? "Where many fall into one point, the highest is shown."
              : nothing
        }
      </p>
    </section>`;
  }

  private renderHost(host: RunMemory["host"][number]): TemplateResult {
    const label = `Resident memory of the process${this.ofProcess(host.process)}`;
    return html`<section aria-label=${label} data-testid="memory-host">
      <h2>${label}</h2>
      <mt-memory-chart
        .label=${label}
        .lines=${[{ label: "resident", timeNs: host.time_ns, bytes: host.resident_bytes, filled: true }]}
      ></mt-memory-chart>
    </section>`;
  }

  private renderRaised(raised: readonly RaisingCall[]): TemplateResult {
    return html`<section aria-labelledby="raised-title">
      <h2 id="raised-title">Calls that raised it most</h2>
      ${
        raised.length === 0
          ? html`<p class="quiet" data-testid="none-raised">No call left more behind than it had found.</p>`
          : html`<div class="wide">
            <table data-testid="raised">
              <thead>
                <tr>
                  <th>Function</th>
                  <th class="number">At</th>
                  <th class="number">Took</th>
                  <th class="number">Left behind</th>
                  <th class="number">Needed</th>
                  <th class="number">Peak</th>
                  <th>Device</th>
                  <th>Show</th>
                </tr>
              </thead>
              <tbody>
                ${raised.map(
                  (call) => html`<tr data-testid="raised-row" data-delta=${call.delta_bytes}>
                    <td>${call.function}</td>
                    <td class="number">${formatDuration(call.start_ns)}</td>
                    <td class="number">${formatDuration(call.duration_ns)}</td>
                    <td class="number"><b>${formatBytes(call.delta_bytes)}</b></td>
                    ${bytesCell(call.need_bytes)} ${bytesCell(call.peak_bytes)}
                    <td class="mono">${call.device}</td>
                    <td>
                      <button
                        type="button"
                        class="link"
                        aria-label="Show this call of ${call.function} in the timeline"
                        data-testid="raised-show"
                        @click=${() => {
                          this.dispatchEvent(
                            new NavigateEvent({
                              view: "timeline",
                              call: { process: call.process, callId: call.call_id },
                            }),
                          );
                        }}
                      >
                        Timeline
                      </button>
                      ${call.shared ? html`<span class="chip" title="Calls of other threads were open meanwhile: part of it is theirs.">shared</span>` : nothing}
                    </td>
                  </tr>`,
                )}
              </tbody>
            </table>
          </div>`
      }
    </section>`;
  }

  private renderFunctions(): TemplateResult | typeof nothing {
    const rows = (this.report?.functions ?? []).flatMap((info) =>
      Object.entries(info.memory ?? {}).map(([device, figures]) => ({ info, device, figures })),
    );
    if (rows.length === 0) return nothing;
    rows.sort((a, b) => needOf(b.figures) - needOf(a.figures));
    return html`<section aria-labelledby="by-function-title">
      <h2 id="by-function-title">By function</h2>
      <div class="wide">
        <table data-testid="memory-functions">
          <thead>
            <tr>
              <th>Function</th>
              <th>Device</th>
              <th class="number">Sampled calls</th>
              <th class="number" title="Open while calls of other threads were: part of what they tell is the others'.">Shared</th>
              <th class="number">Most left behind</th>
              <th class="number">Most needed</th>
              <th class="number">Peak</th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              ({ info, device, figures }) => html`<tr data-testid="memory-function-row" data-function=${info.name}>
                <td>
                  ${jumpButton(info.longest_call && toCall(info.longest_call), { text: info.name, label: `Show the longest call of ${info.name} in the timeline`, testId: "memory-function" })}
                </td>
                <td class="mono">${device}</td>
                <td class="number">${formatCount(figures.calls)}</td>
                <td class="number">${formatCount(figures.shared_calls)}</td>
                ${bytesCell(figures.max_delta_bytes)} ${bytesCell(figures.max_need_bytes)} ${bytesCell(figures.peak_bytes)}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  /** Names the process where there are several. */
  private ofProcess(process: number): string {
    const processes = this.report?.processes ?? [];
    const info = processes[process];
    return processes.length > 1 && info ? `, ${shortProcess(info)}` : "";
  }
}

function bytesCell(bytes: number | null): TemplateResult {
  const text = formatBytes(bytes);
  return html`<td class="number" title=${text === MISSING ? "not recorded" : nothing}>${text}</td>`;
}

function needOf({ max_need_bytes: need, max_delta_bytes: delta }: MemoryFigures): number {
  return need ?? delta;
}
