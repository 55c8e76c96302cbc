import { css, html, nothing, type TemplateResult } from "lit";
import type { Finding, Severity, WhatIfOption } from "../api/types";
import { formatCount } from "../lib/text";
import { formatDuration } from "../lib/time";
import "./codeBlock";
import { explanationLink } from "./explanationPanel";

export const findingStyles = css`
  .finding-row {
    border: 1px solid var(--border);
    border-radius: 4px;
    margin-bottom: 6px;
    padding: 6px 12px;
  }
  .finding-row summary {
    cursor: pointer;
  }
  .finding p {
    margin: 4px 0 8px;
    max-width: 100ch;
  }
  .tried {
    width: max-content;
    max-width: 100%;
    padding: 1px 6px;
    border-radius: 4px;
    background: var(--added-bg);
  }
  .tried.vain {
    background: var(--error-bg);
    color: var(--error-text);
  }
  .what-if {
    margin: 0 0 8px;
    border-collapse: collapse;
    font-size: 12px;
  }
  .what-if caption {
    padding: 0 0 2px;
    color: var(--text-quiet);
    text-align: start;
  }
  .what-if th,
  .what-if td {
    padding: 2px 10px;
    border: 1px solid var(--border);
    text-align: end;
  }
  .what-if th {
    color: var(--text-quiet);
    font-weight: 400;
  }
  .what-if .best {
    background: var(--added-bg);
    font-weight: 600;
  }
`;

/** A finding in one line that opens. */
export function findingRow(finding: Finding): TemplateResult {
  return html`<details
    class="finding-row"
    data-testid="finding-row"
    data-finding-id=${finding.id}
    data-function-id=${finding.function_id ?? nothing}
  >
    <summary>
      ${severityChip(finding.severity)}
      <b>${finding.title}</b>
      <span class="quiet">${finding.id}${finding.lost_ns > 0 ? `, ${formatDuration(finding.lost_ns)} lost` : nothing}</span>
    </summary>
    ${findingDetails(finding)}
  </details>`;
}

/** Why a finding is so, how many traces other ways of writing the function would have left, and what to change. */
export function findingDetails(finding: Finding): TemplateResult {
  return html`<div class="finding">
    ${findingWhy(finding)}
    <p data-testid="finding-advice">${finding.advice}</p>
    ${findingVerified(finding)} ${findingCode(finding)}
  </div>`;
}

/** Why a finding is so, and how many traces other ways of writing the function would have left. */
export function findingWhy(finding: Finding): TemplateResult {
  return html`<p>${finding.why} ${explanationLink(finding.id)}</p>
    ${finding.what_if_options ? whatIfTable(finding.what_if_options) : nothing}`;
}

/** What came of the fix, where it was tried. */
export function findingVerified({ verified }: Finding): TemplateResult | typeof nothing {
  if (verified === null) return nothing;
  return html`<p class="tried ${verified.helped ? "" : "vain"}" data-testid="finding-verified">${verified.text}</p>`;
}

/** What to write instead, where that can be said. */
export function findingCode({ fix }: Finding): TemplateResult | typeof nothing {
  if (fix === null) return nothing;
  return html`<mt-code-block label="What to change" data-testid="finding-fix" .code=${fix}></mt-code-block>`;
}

export function severityChip(severity: Severity): TemplateResult {
  return html`<span class="chip ${severity === "low" || severity === "info" ? "" : "prominent"}">${severity}</span>`;
}

function whatIfTable(options: readonly WhatIfOption[]): TemplateResult {
  return html`<table class="what-if" data-testid="finding-what-if">
    <caption>
      Traces there would have been
    </caption>
    <thead>
      <tr>
        ${options.map(({ label }) => html`<th scope="col">${label}</th>`)}
      </tr>
    </thead>
    <tbody>
      <tr>
        ${options.map(
          ({ option, traces, best }) =>
            html`<td class=${best ? "best" : ""} data-option=${option}>${formatCount(traces)}</td>`,
        )}
      </tr>
    </tbody>
  </table>`;
}
