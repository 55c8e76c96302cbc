import { css, html, nothing, type TemplateResult } from "lit";
import type { ComparisonInfo, ModeRow, RunReport } from "../api/types";
import { formatBytes } from "../lib/bytes";
import { plural } from "../lib/text";
import { formatDuration, MISSING } from "../lib/time";

export const comparisonStyles = css`
  .compared {
    margin-block: 14px 18px;
    padding-inline: 16px;
  }
  .compared h3 {
    font-size: 13px;
    margin-block: 8px 4px;
    overflow-wrap: anywhere;
  }
  .compared .wide {
    overflow-x: auto;
  }
  .compared table {
    border-collapse: collapse;
    font-size: 12px;
  }
  .compared th,
  .compared td {
    padding: 2px 14px 2px 0;
    text-align: start;
    vertical-align: top;
  }
  .compared thead th {
    color: var(--text-quiet);
    font-weight: 400;
  }
  .compared p {
    margin-block: 2px;
  }
`;

const COLUMNS = [
  "mode",
  "a call",
  "ratio",
  "verdict",
  "tracing",
  "first call",
  "pays from call",
  "peak memory",
  "results",
];

/** What came of running functions in several modes one beside the other; nothing where none was. */
export function comparisons(report: RunReport): TemplateResult | typeof nothing {
  if (report.comparisons.length === 0) return nothing;
  return html`<section class="compared" aria-labelledby="compared-title">
    <h2 id="compared-title">Compared in several modes</h2>
    ${report.comparisons.map(comparison)}
  </section>`;
}

function comparison(compared: ComparisonInfo): TemplateResult {
  return html`<h3 data-testid="comparison">${compared.name}<code>${compared.signature}</code></h3>
    <div class="wide" tabindex="0" role="region" aria-label="Modes of ${compared.name}">
      <table>
        <thead>
          <tr>
            ${COLUMNS.map((column) => html`<th scope="col">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${compared.rows.map(row)}
        </tbody>
      </table>
    </div>
    ${compared.rows.map(({ mode, failure, drift_text: drift }) =>
      failure
        ? html`<p>${mode} fails: ${failure.why} ${failure.advice}</p>`
        : drift === null
          ? nothing
          : html`<p>${mode}: ${drift}.</p>`,
    )}
    <p class="quiet">${plural(Math.max(...compared.rows.map(({ rounds }) => rounds)), "round")}. ${compared.notes.join(" ")}</p>`;
}

function row(mode: ModeRow): TemplateResult {
  if (mode.failure) {
    return html`<tr>
      <th scope="row">${mode.mode}</th>
      <td colspan=${COLUMNS.length - 1}>fails: ${mode.failure.title} <span class="quiet">${mode.failure.id}</span></td>
    </tr>`;
  }
  const cells = [
    formatDuration(mode.call_ns),
    mode.ratio_text || "1",
    mode.verdict_text || "reference",
    formatDuration(mode.tracing_ns),
    formatDuration(mode.first_call_ns),
    mode.break_even_text ?? MISSING,
    formatBytes(mode.peak_bytes),
    mode.results?.text ?? MISSING,
  ];
  return html`<tr>
    <th scope="row">${mode.mode}</th>
    ${cells.map((cell) => html`<td>${cell}</td>`)}
  </tr>`;
}
