import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { ErrorInfo, FrameInfo, RunReport } from "../api/types";
import { failuresOf, isUnclassified, type Failure } from "../lib/failures";
import { formatCount, formatLocation, plural, shortPath } from "../lib/text";
import { formatDuration } from "../lib/time";
import { sharedStyles } from "../styles";
import "../widgets/codeBlock";
import { explanationLink } from "../widgets/explanationPanel";
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

  private failures: readonly Failure[] = [];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("report") || changed.has("filter"))
      this.failures = this.report ? failuresOf(this.report, this.filter) : [];
  }

  override render(): TemplateResult {
    const { report, failures } = this;
    if (!report) return html``;
    const shown = this.all ? failures : failures.slice(0, SHOWN);
    const all = this.filter === "" ? report.summary.failures : null;
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
          ${all === null ? "" : plural(all, "failure")}${all === failures.length ? "" : `${all === null ? "" : " in "}${plural(failures.length, "place")}`}
        </span>
      </div>
      <div class="scroller" role="region" aria-label="Errors by diagnosis" tabindex="0">
        ${
          failures.length === 0
            ? html`<p class="nothing quiet" data-testid="no-errors">
              ${report.errors.length > 0 ? "No error matches the filter." : "No exception has left a recorded call or ended the program."}
            </p>`
            : nothing
        }
        ${repeat(
          shown,
          ({ group }) => group.error_id,
          (failure, index) => this.renderFailure(failure, index + 1),
        )}
        ${
          shown.length < failures.length
            ? html`<p class="more">
              <button
                type="button"
                class="link"
                @click=${() => {
                  this.all = true;
                }}
              >
                Show all ${formatCount(failures.length)}
              </button>
            </p>`
            : nothing
        }
      </div>
    `;
  }

  private renderFailure(failure: Failure, number: number): TemplateResult {
    const { group, first, info, stack } = failure;
    const { diagnosis } = first;
    return html`<article
      class="failure ${isUnclassified(failure) ? "unclassified" : ""}"
      data-testid="failure"
      data-diagnosis=${group.diagnosis_id}
      aria-label=${group.title}
    >
      <div class="head">
        <span class="chip ${isUnclassified(failure) ? "" : "error"}" data-testid="failure-id">${group.diagnosis_id}</span>
        <h2>${group.title}</h2>
      </div>
      <p class="facts">
        <span class="mono">${first.core.type}</span>
        ${info ? html`<span>in <b>${info.name}</b> ${functionPlace(info)}</span>` : nothing}
        <span>${MODES[first.mode] ?? first.mode}</span>
        <span>
          ${group.count > 1 ? `${formatCount(group.count)} times, first` : nothing} at ${formatDuration(first.time_ns)}
        </span>
        ${this.renderShow(first)} ${explanationLink(group.diagnosis_id)}
      </p>
      ${diagnosis.source ? sourceLine(diagnosis.source) : nothing} ${renderArguments(failure)}
      <p class="told">${diagnosis.why}</p>
      ${
        diagnosis.difference
          ? html`<p class="told" data-testid="failure-difference"><b>Eager and graph.</b> ${diagnosis.difference}</p>`
          : nothing
      }
      ${isUnclassified(failure) ? nothing : html`<p class="told" data-testid="failure-advice"><b>What to do.</b> ${diagnosis.advice}</p>`}
      ${
        diagnosis.fix
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
      <details data-testid="failure-message" ?open=${isUnclassified(failure)}>
        <summary>The message, as it was raised</summary>
        <div class="message" tabindex="0" role="region" aria-label="Message ${number}">${first.message === "" ? "(no message)" : first.message}</div>
      </details>
    </article>`;
  }

  private renderShow({ call_id: callId, process }: ErrorInfo): TemplateResult | typeof nothing {
    if (callId === null) return nothing;
    return html`<button
      type="button"
      class="link"
      aria-label="Show the call that raised in the timeline"
      data-testid="failure-show"
      @click=${() => {
        this.dispatchEvent(new NavigateEvent({ view: "timeline", call: { process, callId } }));
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

function renderArguments({ first, left, stack }: Failure): TemplateResult | typeof nothing {
  const variables = Object.entries(stack.at(-1)?.variables ?? {});
  const { signature } = first;
  if (signature === null && variables.length === 0 && left.length < 2) return nothing;
  return html`<dl data-testid="failure-arguments">
    ${signature === null ? nothing : html`<dt>Called with</dt><dd class="mono">${signature}</dd>`}
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
