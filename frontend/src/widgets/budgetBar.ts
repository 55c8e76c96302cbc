import { css, html, nothing, type TemplateResult } from "lit";
import type { FirstLines, PartInfo, Slice } from "../api/types";
import { BUDGET_FILLS, partLabel } from "../lib/budget";
import { formatDuration } from "../lib/time";
import { background } from "./modeSwatch";

export const budgetStyles = css`
  .budget-bar {
    display: flex;
    height: 24px;
    border: 1px solid var(--border-strong);
    border-radius: 4px;
  }
  .budget-bar > button {
    position: relative;
    min-width: 2px;
    padding: 0;
    border: 0;
    cursor: pointer;
  }
  .budget-bar > button + button {
    border-inline-start: 1px solid var(--bg);
  }
  .budget-bar > button:hover {
    box-shadow: inset 0 0 0 2px var(--text);
  }
  .budget-bar > button:focus-visible {
    z-index: 1;
  }
  /* What samples tell is drawn as what it is: not filled out. */
  .sampled::after {
    position: absolute;
    inset: 0;
    background: repeating-linear-gradient(-60deg, var(--bg) 0 2px, transparent 2px 9px);
    content: "";
  }
  .swatch.sampled {
    position: relative;
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
export function budgetBar(
  first: FirstLines,
  budget: readonly PartInfo[],
  show: (slice: Slice) => void,
): TemplateResult | typeof nothing {
  if (first.bar.length === 0) return nothing;
  return html`<div class="budget-bar" role="group" aria-label=${first.sentence} data-testid="first-bar">
      ${first.bar.map((slice) => {
        const where = slice.longest === null ? "where time goes" : "the longest of it in the timeline";
        return html`<button
          type="button"
          class=${slice.how}
          style="flex:${slice.share} 1 0;${background(BUDGET_FILLS[slice.part])}"
          title="${shareText(slice)} ${slice.name}: ${partLabel(budget, slice.part)}. A click shows ${where}."
          aria-label="${shareText(slice)} ${slice.name}: show ${where}"
          data-part=${slice.part}
          @click=${() => {
            show(slice);
          }}
        ></button>`;
      })}
    </div>
    <ul class="legend" data-testid="first-legend">
      ${first.bar.map(
        ({ part, name, text, plus_minus, how }) =>
          html`<li title=${partLabel(budget, part)} data-part=${part}
            ><span class="swatch ${how}" style=${background(BUDGET_FILLS[part])} aria-hidden="true"></span
            ><span><b>${text}</b>${plus_minus === null ? nothing : html` <span class="quiet">${plus_minus}</span>`} ${name}</span></li
          >`,
      )}
    </ul>
    <details class="meanings">
      <summary>What these are${first.bar.some(({ how }) => how === "sampled") ? ", and what is sampled (hatched)" : nothing}</summary>
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
