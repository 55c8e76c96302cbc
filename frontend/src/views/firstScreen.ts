import { css, html, nothing, type TemplateResult } from "lit";
import type { Finding, FirstLines, RunReport } from "../api/types";
import { failuresOf } from "../lib/failures";
import { formatCount, formatLocation, formatProcess, formatShare, plural, shortPath } from "../lib/text";
import { formatDuration } from "../lib/time";
import { budgetBar } from "../widgets/budgetBar";
import { findingCode, findingVerified, findingWhy, severityChip } from "../widgets/findings";

const SHOWN_FAILURES = 2;

export const firstScreenStyles = css`
  .first {
    padding: 12px 16px 0;
  }
  .wall {
    display: flex;
    align-items: baseline;
    gap: 8px;
    margin-bottom: 6px;
  }
  .wall b {
    font-size: 22px;
    line-height: 1.2;
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
  .matter {
    display: grid;
    grid-template-columns: minmax(7ch, max-content) minmax(0, 1fr);
    gap: 0 14px;
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
  .facts {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 2px 14px;
    margin: 3px 0;
  }
  .facts > * {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .matter .advice {
    max-width: 100ch;
  }
  .matter mt-code-block {
    align-self: start;
    min-width: 0;
    margin-top: 8px;
  }
  .matter summary {
    width: max-content;
    margin-top: 2px;
    color: var(--link);
    cursor: pointer;
  }
  @media (min-width: 1200px) {
    .matter.mendable {
      grid-template-columns: minmax(7ch, max-content) minmax(0, 2fr) minmax(0, 3fr);
    }
    .matter mt-code-block {
      margin-top: 0;
    }
  }
  @media (max-width: 1199px) {
    .matter mt-code-block {
      grid-column: 2;
    }
  }
`;

/** How long the run took, and what that was. */
export function firstLines(report: RunReport, first: FirstLines): TemplateResult {
  const several = report.processes.length > 1;
  const process = several ? report.processes.find(({ process }) => process === first.process) : undefined;
  return html`<section class="first" aria-label="Wall time" data-testid="first-lines">
    <p class="wall">
      <b data-testid="first-wall" data-value=${first.wall_ns}>${first.wall}</b>
      <span class="quiet">wall time${process ? ` of ${formatProcess(process)}` : nothing}</span>
    </p>
    ${first.ended_by === null ? nothing : html`<p class="ended" data-testid="first-ended">${first.ended_by}</p>`}
    ${budgetBar(first, report.budget)}
  </section>`;
}

/** What failed, then the findings that matter, or that there are none. */
export function whatMatters(report: RunReport, first: FirstLines | null, showErrors: () => void): TemplateResult {
  const found = (first?.matter ?? []).flatMap((place) => report.findings[place] ?? []);
  return html`<section class="told" aria-label="What to mend" data-testid="first-findings">
    ${failureCards(report, showErrors)} ${found.map(findingCard)}
    ${first?.nothing_to_mend ? html`<p class="fine" data-testid="nothing-to-mend">${first.nothing_to_mend}</p>` : nothing}
    ${
      first && first.more > 0
        ? html`<p class="quiet" data-testid="more-findings">${plural(first.more, "more finding")} below.</p>`
        : nothing
    }
  </section>`;
}

function failureCards(report: RunReport, showErrors: () => void): readonly TemplateResult[] {
  return failuresOf(report, "")
    .slice(0, SHOWN_FAILURES)
    .map(({ group, first, info }) => {
      const { source } = first.diagnosis;
      return html`<article class="failed" data-testid="first-failure">
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
          <button type="button" class="link" aria-label="${group.title}: why, and what to change" @click=${showErrors}>
            Why, and what to change
          </button>
        </p>
      </article>`;
    });
}

function findingCard(finding: Finding): TemplateResult {
  return html`<article
    class="matter ${finding.severity} ${finding.fix === null ? "" : "mendable"}"
    data-testid="finding-row"
    data-finding-id=${finding.id}
    data-function-id=${finding.function_id ?? nothing}
  >
    <span class="share" title="The part of the wall time that is lost" data-testid="finding-share" data-value=${finding.share}
      >${formatShare(finding.share)}</span
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
      <details>
        <summary>Why</summary>
        ${findingWhy(finding)}
      </details>
    </div>
    ${findingCode(finding)}
  </article>`;
}
