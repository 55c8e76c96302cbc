import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { FrameInfo, RunReport } from "../api/types";
import { failureGroups, isUnclassified, titleOf, UNCLASSIFIED, type FailureGroup } from "../lib/failures";
import { hasCall } from "../lib/summary";
import { formatCount, formatLocation, plural, shortPath } from "../lib/text";
import { formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import "../widgets/codeBlock";
import { NavigateEvent } from "../widgets/navigate";
import { functionPlace, placeStyles } from "../widgets/place";
import { errorsStyles } from "./errorsStyles";
import { listStyles, viewStyles } from "./viewStyles";

const SHOWN = 50;

const MODES: Readonly<Record<string, string>> = {
  eager: "while it ran eagerly",
  graph: "while its graph ran",
  xla: "in the graph that XLA compiled",
  tracing: "while it was traced",
  "v1-graph": "while a v1 graph was built",
};

/** What failed, what that means in the mode in which it happened, and what to change. */
@customElement("mt-errors-view")
export class ErrorsView extends LitElement {
  static override styles = [sharedStyles, placeStyles, viewStyles, listStyles, errorsStyles];

  @property({ attribute: false }) report: RunReport | null = null;
  @property() filter = "";
  @state() private all = false;

  private groups: readonly FailureGroup[] = [];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("report") || changed.has("filter"))
      this.groups = this.report ? failureGroups(this.report, this.filter) : [];
  }

  override render(): TemplateResult {
    const { report, groups } = this;
    if (!report) return html``;
    const shown = this.all ? groups : groups.slice(0, SHOWN);
    const failures = groups.reduce((sum, group) => sum + group.failures.length, 0);
    return html`
      <div class="toolbar">
        <input
          type="search"
          data-testid="error-filter"
          placeholder="Filter by diagnosis, function or message"
          aria-label="Filter errors by diagnosis, function or message"
          .value=${this.filter}
          @input=${(event: Event) => {
            this.dispatchEvent(new NavigateEvent({ filter: (event.target as HTMLInputElement).value, trace: null }));
          }}
        />
        <span class="quiet" role="status" data-testid="error-counts">
          ${plural(failures, "failure")}${groups.length === failures ? "" : ` in ${plural(groups.length, "place")}`}
        </span>
      </div>
      <div class="scroller" role="region" aria-label="Errors by diagnosis" tabindex="0">
        ${
          groups.length === 0
            ? html`<p class="nothing quiet" data-testid="no-errors">
              ${report.errors.length > 0 ? "No error matches the filter." : "No exception has left a recorded call."}
            </p>`
            : nothing
        }
        ${repeat(
          shown,
          ({ key }) => key,
          (group, index) => this.renderGroup(group, index + 1),
        )}
        ${
          shown.length < groups.length
            ? html`<p class="more">
              <button
                type="button"
                class="link"
                @click=${() => {
                  this.all = true;
                }}
              >
                Show all ${formatCount(groups.length)}
              </button>
            </p>`
            : nothing
        }
      </div>
    `;
  }

  private renderGroup(group: FailureGroup, number: number): TemplateResult {
    const { first, info, failures, stack } = group;
    const { diagnosis } = first;
    const id = diagnosis?.id ?? UNCLASSIFIED;
    return html`<article
      class="failure ${isUnclassified(group) ? "unclassified" : ""}"
      data-testid="failure"
      data-diagnosis=${id}
      aria-label=${titleOf(group)}
    >
      <div class="head">
        <span class="chip ${isUnclassified(group) ? "" : "error"}" data-testid="failure-id">${id}</span>
        <h2>${titleOf(group)}</h2>
      </div>
      <p class="facts">
        <span class="mono">${first.core?.type ?? first.type}</span>
        ${info ? html`<span>in <b>${info.name}</b> ${functionPlace(info)}</span>` : nothing}
        <span>${MODES[first.mode] ?? first.mode}</span>
        <span>
          ${failures.length > 1 ? `${formatCount(failures.length)} times, first` : nothing}
          ${first.time_ns == null ? nothing : `at ${formatDuration(first.time_ns)}`}
        </span>
        ${this.renderShow(group)}
      </p>
      ${diagnosis?.source ? sourceLine(diagnosis.source) : nothing} ${renderArguments(group)}
      ${diagnosis ? html`<p class="told">${diagnosis.why}</p>` : nothing}
      ${
        diagnosis?.difference
          ? html`<p class="told" data-testid="failure-difference"><b>Eager and graph.</b> ${diagnosis.difference}</p>`
          : nothing
      }
      ${
        diagnosis?.fix
          ? html`<h3>What to change</h3>
            <mt-code-block label="What to change, ${number}" data-testid="failure-fix" .code=${diagnosis.fix}></mt-code-block>`
          : nothing
      }
      ${
        stack.length > 1
          ? html`<details data-testid="failure-stack">
            <summary>Your stack, ${plural(stack.length, "frame")}</summary>
            <ol class="stack">${stack.map(renderFrame)}</ol>
          </details>`
          : nothing
      }
      <details data-testid="failure-message" ?open=${isUnclassified(group)}>
        <summary>The message, as it was raised</summary>
        <div class="message" tabindex="0" role="region" aria-label="Message ${number}">${first.message === "" ? "(no message)" : first.message}</div>
      </details>
    </article>`;
  }

  private renderShow({ first }: FailureGroup): TemplateResult | typeof nothing {
    const { call_id: callId, process } = first;
    if (!hasCall(callId)) return nothing;
    return html`<button
      type="button"
      class="link"
      aria-label="Show the call that raised in the timeline"
      data-testid="failure-show"
      @click=${() => {
        this.dispatchEvent(new NavigateEvent({ view: "timeline", call: { process: process ?? 0, callId } }));
      }}
    >
      Timeline
    </button>`;
  }
}

function sourceLine({ file, line, code }: { file: string; line: number; code: string }): TemplateResult {
  return html`<div class="source" data-testid="failure-source" title=${formatLocation(file, line)}>
    <div class="where">${shortPath(file)}</div>
    <div class="code"><span class="number">${line}</span>${code}</div>
  </div>`;
}

function renderArguments({ first, left, stack }: FailureGroup): TemplateResult | typeof nothing {
  const variables = Object.entries(stack.at(-1)?.variables ?? {});
  const { signature } = first;
  if (signature == null && variables.length === 0 && left.length < 2) return nothing;
  return html`<dl data-testid="failure-arguments">
    ${signature == null ? nothing : html`<dt>Called with</dt><dd class="mono">${signature}</dd>`}
    ${
      variables.length === 0
        ? nothing
        : html`<dt>On that line</dt>
          <dd class="mono">${variables.map(([name, type], index) => html`${index > 0 ? ", " : ""}${name}: ${type}`)}</dd>`
    }
    ${left.length < 2 ? nothing : html`<dt>It left</dt><dd>${left.join(" ← ")}</dd>`}
  </dl>`;
}

function renderFrame(frame: FrameInfo): TemplateResult {
  return html`<li>
    <div title=${formatLocation(frame.file, frame.line)}>${formatLocation(shortPath(frame.file), frame.line)}, in ${frame.function}</div>
    ${frame.code ? html`<div class="code">${frame.code}</div>` : nothing}
    ${frame.folded > 0 ? html`<div class="folded">… ${plural(frame.folded, "frame")} of libraries</div>` : nothing}
  </li>`;
}
