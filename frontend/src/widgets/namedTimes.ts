import { css, html, nothing, type TemplateResult } from "lit";
import type { NamedTime } from "../api/types";
import { formatCount } from "../lib/text";
import { formatDuration } from "../lib/time";

export const namedTimesStyles = css`
  .times {
    border-collapse: collapse;
    font-size: 12px;
  }
  .times th,
  .times td {
    padding: 1px 14px 1px 0;
    text-align: start;
    vertical-align: top;
  }
  .times th {
    color: var(--text-quiet);
    font-weight: 400;
  }
  .times .number {
    text-align: end;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .times .mono {
    overflow-wrap: anywhere;
  }
`;

/** A table of what ran how often and for how long, the longest first. */
export function namedTimes(rows: readonly NamedTime[], most: number, what: string): TemplateResult | typeof nothing {
  if (rows.length === 0) return nothing;
  const rest = rows.length - most;
  return html`<table class="times" data-testid="times-${what}">
      <thead>
        <tr>
          <th scope="col">${what}</th>
          <th scope="col" class="number">ran</th>
          <th scope="col" class="number">time</th>
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, most).map(
          ({ name, count, self_ns }) =>
            html`<tr>
              <td class="mono">${name}</td>
              <td class="number">${formatCount(count)}×</td>
              <td class="number">${formatDuration(self_ns)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${rest > 0 ? html`<p class="quiet">and ${formatCount(rest)} more</p>` : nothing}`;
}
