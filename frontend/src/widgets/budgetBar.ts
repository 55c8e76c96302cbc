import { css, html, nothing, type TemplateResult } from "lit";
import type { FirstLines, PartInfo, Slice } from "../api/types";
import { BUDGET_FILLS, partLabel } from "../lib/budget";
import { formatDuration } from "../lib/time";
import { background } from "./modeSwatch";

export const budgetStyles = css`
  .budget-bar {
    display: flex;
    height: 22px;
    overflow: hidden;
    border: 1px solid var(--border-strong);
    border-radius: 4px;
  }
  .budget-bar > span {
    min-width: 2px;
  }
  .budget-bar > span + span {
    border-inline-start: 1px solid var(--bg);
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 22px;
    margin: 6px 0 0;
    padding: 0;
    list-style: none;
  }
  .legend li {
    display: inline-flex;
    align-items: baseline;
    gap: 6px;
    font-variant-numeric: tabular-nums;
  }
  .meanings {
    margin-top: 4px;
  }
  .meanings summary {
    width: max-content;
    color: var(--link);
    cursor: pointer;
  }
  .meanings table {
    margin-top: 4px;
    border-collapse: collapse;
  }
  .meanings th,
  .meanings td {
    padding: 2px 16px 2px 0;
    font-weight: 400;
    text-align: start;
    vertical-align: baseline;
  }
  .meanings th,
  .meanings .number {
    white-space: nowrap;
  }
  .meanings .number {
    text-align: end;
  }
`;

function shareText({ text, plus_minus }: Slice): string {
  return plus_minus === null ? text : `${text} ${plus_minus}`;
}

/** What the wall time was: one bar, its legend, and on demand what each part means. All its texts are the report's. */
export function budgetBar(first: FirstLines, budget: readonly PartInfo[]): TemplateResult | typeof nothing {
  if (first.bar.length === 0) return nothing;
  return html`<div class="budget-bar" role="img" aria-label=${first.sentence} data-testid="first-bar">
      ${first.bar.map(
        (slice) =>
          html`<span
            style="flex:${slice.share} 1 0;${background(BUDGET_FILLS[slice.part])}"
            title="${shareText(slice)} ${slice.name}: ${partLabel(budget, slice.part)}"
            data-part=${slice.part}
          ></span>`,
      )}
    </div>
    <ul class="legend" data-testid="first-legend">
      ${first.bar.map(
        ({ part, name, text, plus_minus }) =>
          html`<li title=${partLabel(budget, part)} data-part=${part}
            ><span class="swatch" style=${background(BUDGET_FILLS[part])} aria-hidden="true"></span
            ><span><b>${text}</b>${plus_minus === null ? nothing : html` <span class="quiet">${plus_minus}</span>`} ${name}</span></li
          >`,
      )}
    </ul>
    <details class="meanings">
      <summary>What these are</summary>
      <table>
        <tbody>
          ${first.bar.map(
            ({ part, name, ns, text, plus_minus }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="number">${formatDuration(ns)}</td>
                <td class="number">${text}</td>
                <td class="number quiet">${plus_minus === null ? "measured" : `sampled, ${plus_minus}`}</td>
                <td class="quiet">${partLabel(budget, part)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </details>`;
}
