import { css, html, nothing, type TemplateResult } from "lit";
import type { Finding, FirstLines, FunctionInfo, RunReport, Slice } from "../api/types";
import { failuresOf, isUnclassified, type Failure } from "../lib/failures";
import { toCall, toStretch, type Jump } from "../lib/jumps";
import { formatCount, formatLocation, formatProcess, formatShare, plural, shortPath } from "../lib/text";
import { formatDuration } from "../lib/time";
import { budgetBar } from "../widgets/budgetBar";
import { findingCode, findingVerified, findingWhy, severityChip } from "../widgets/findings";
import { jumpButton, type JumpText } from "../widgets/jumpButton";
import { functionPlace } from "../widgets/place";

const SHOWN_FAILURES = 2;

export const firstScreenStyles = css`
  .first {
    padding: 12px 16px 0;
  }
  .wall {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 8px;
    margin-bottom: 6px;
  }
  .wall b {
    font-size: 22px;
    line-height: 1.2;
  }
  .wall .ran {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .ended {
    margin-bottom: 6px;
    color: var(--error-text);
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .told {
    display: grid;
    gap: 8px;
    padding: 12px 16px 0;
  }
  .failed,
  .matter,
  .fine {
    padding: 8px 14px 10px;
    border: 1px solid var(--border);
    border-inline-start: 5px solid var(--border-strong);
    border-radius: 4px;
  }
  .failed {
    border-inline-start-color: var(--error-text);
  }
  .matter.high,
  .matter.medium {
    border-inline-start-color: var(--accent);
  }
  .fine {
    font-weight: 600;
  }
  .matter,
  .failed {
    display: grid;
    grid-template-columns: minmax(7ch, max-content) minmax(0, 1fr);
    gap: 0 14px;
  }
  .failed {
    grid-template-columns: minmax(0, 1fr);
  }
  .matter > .share {
    font-size: 22px;
    font-variant-numeric: tabular-nums;
    line-height: 1.2;
  }
  .matter h2,
  .failed h2 {
    font-size: 14px;
    overflow-wrap: anywhere;
  }
  .sentences {
    min-width: 0;
  }
  .facts,
  .links {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 2px 14px;
    margin: 3px 0;
  }
  .facts > *,
  .links > * {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .links {
    margin: 2px 0 0;
  }
  .links details[open] {
    flex-basis: 100%;
  }
  .advice {
    max-width: 100ch;
  }
  .told mt-code-block {
    align-self: start;
    min-width: 0;
    margin-top: 8px;
  }
  .told summary {
    width: max-content;
    color: var(--link);
    cursor: pointer;
  }
  @media (min-width: 1200px) {
    .matter.mendable {
      grid-template-columns: minmax(7ch, max-content) minmax(0, 2fr) minmax(0, 3fr);
    }
    .failed.mendable {
      grid-template-columns: minmax(0, 2fr) minmax(0, 3fr);
    }
    .told mt-code-block {
      margin-top: 0;
    }
  }
  @media (max-width: 1199px) {
    .matter mt-code-block {
      grid-column: 2;
    }
  }
`;

/** Goes elsewhere on the page. */
export type Go = (jump: Jump) => void;

/** How long the run took, what it was in, and what that was. */
export function firstLines(report: RunReport, first: FirstLines, go: Go): TemplateResult {
  const several = report.processes.length > 1;
  const process = several ? report.processes.find(({ process }) => process === first.process) : undefined;
  const ran =
    first.outermost_text === ""
      ? nothing
      : html`<span class="ran" data-testid="first-ran">${first.outermost_text}</span>`;
  return html`<section class="first" aria-label="Wall time" data-testid="first-lines">
    <p class="wall">
      <b data-testid="first-wall" data-value=${first.wall_ns}>${first.wall}</b>
      <span class="quiet">wall time${process ? ` of ${formatProcess(process)}` : nothing}</span>
      ${ran}
    </p>
    ${first.ended_by === null ? nothing : html`<p class="ended" data-testid="first-ended">${first.ended_by}</p>`}
    ${budgetBar(first, report.budget, (slice: Slice) => {
      go(slice.longest ? toStretch(slice.longest) : { view: "time" });
    })}
    ${first.workers.map((line) => html`<p class="quiet" data-testid="first-workers">${line}</p>`)}
  </section>`;
}

/** What failed, then the findings that matter, or that there are none. */
export function whatMatters(report: RunReport, first: FirstLines | null): TemplateResult {
  const found = (first?.matter ?? []).flatMap((place) => report.findings[place] ?? []);
  const couldSave = report.findings[first?.could_save ?? -1];
  const functions = new Map(report.functions.map((info) => [info.function_id, info]));
  const failures = failuresOf(report, "");
  return html`<section class="told" aria-label="What to mend" data-testid="first-findings">
    ${failures.slice(0, SHOWN_FAILURES).map(failureCard)}
    ${
      failures.length > SHOWN_FAILURES
        ? html`<p>
          ${jumpButton({ view: "errors", filter: "" }, moreFailures(failures.length))}
        </p>`
        : nothing
    }
    ${found.map((finding) => findingCard(finding, functions.get(finding.function_id ?? -1)))}
    ${first?.nothing_to_mend ? html`<p class="fine" data-testid="nothing-to-mend">${first.nothing_to_mend}</p>` : nothing}
    ${couldSave ? findingCard(couldSave, functions.get(couldSave.function_id ?? -1)) : nothing}
    ${
      first && first.more > 0
        ? html`<p class="quiet" data-testid="more-findings">${plural(first.more, "more finding")} below.</p>`
        : nothing
    }
  </section>`;
}

function moreFailures(places: number): JumpText {
  const text = `All ${plural(places, "place")} where something failed`;
  return { text, label: text, testId: "more-failures" };
}

function failureCard(failure: Failure): TemplateResult {
  const { group, first, info } = failure;
  const { advice, fix, source } = first.diagnosis;
  const number = `failure ${group.error_id + 1}`;
  return html`<article class="failed ${fix === null ? "" : "mendable"}" data-testid="first-failure">
    <div class="sentences">
      <h2>${group.title}</h2>
      <p class="facts">
        <span class="chip error">raised</span>
        <span class="mono">${first.core.type}${group.count > 1 ? ` × ${formatCount(group.count)}` : nothing}</span>
        <span>in ${info?.name ?? "a call"} (${first.mode})</span>
        ${
          source
            ? html`<span class="mono" title=${formatLocation(source.file, source.line)}
              >${formatLocation(shortPath(source.file, 1), source.line)}</span
            >`
            : nothing
        }
      </p>
      ${isUnclassified(failure) ? nothing : html`<p class="advice" data-testid="failure-advice">${advice}</p>`}
      <div class="links">
        ${showInTimeline(first.call_id === null ? null : { process: first.process, call_id: first.call_id }, `the call of ${number}`)}
        ${jumpButton({ view: "errors", filter: "" }, { text: "Why, and what to change", label: `${group.title}: why, and what to change`, testId: "failure-why" })}
        ${info ? functionPlace(info) : nothing}
      </div>
    </div>
    ${fix === null ? nothing : html`<mt-code-block label="What to change, ${number}" .code=${fix}></mt-code-block>`}
  </article>`;
}

function findingCard(finding: Finding, info: FunctionInfo | undefined): TemplateResult {
  return html`<article
    class="matter ${finding.severity} ${finding.fix === null ? "" : "mendable"}"
    data-testid="finding-row"
    data-finding-id=${finding.id}
    data-function-id=${finding.function_id ?? nothing}
  >
    <span class="share" title="The part of the wall time that is lost" data-testid="finding-share" data-value=${finding.share}
      >${finding.lost_ns > 0 ? formatShare(finding.share) : ""}</span
    >
    <div class="sentences">
      <h2>${finding.title}</h2>
      <p class="facts" data-testid="finding-facts">
        ${severityChip(finding.severity)}
        ${finding.lost_ns > 0 ? html`<span>${formatDuration(finding.lost_ns)} lost</span>` : nothing}
        ${finding.place === null ? nothing : html`<span class="mono">${finding.place}</span>`}
        <span class="quiet">${finding.id}</span>
      </p>
      <p class="advice" data-testid="finding-advice">${finding.advice}</p>
      ${findingVerified(finding)}
      <div class="links">
        ${showInTimeline(finding.call, `a call of which this is said: ${finding.title}`)}
        <details data-testid="finding-why">
          <summary>Why</summary>
          ${findingWhy(finding)}
        </details>
        ${info?.file && isAt(finding.place, info.file) ? html`<span><span class="quiet">Source</span> ${functionPlace(info)}</span>` : nothing}
      </div>
    </div>
    ${findingCode(finding)}
  </article>`;
}

/** Whether a place, `train.py:12`, is in a file: that of a library is no place to look at. */
function isAt(place: string | null, file: string): boolean {
  return place !== null && file.split(/[\\/]/).at(-1) === place.slice(0, place.lastIndexOf(":"));
}

function showInTimeline(call: Finding["call"], what: string): TemplateResult | typeof nothing {
  const label = `Show in timeline, ${what}`;
  return jumpButton(call && toCall(call), { text: "Show in timeline", label, testId: "show-in-timeline" });
}
