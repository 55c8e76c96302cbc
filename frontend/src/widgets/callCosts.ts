import { css, html, nothing, type TemplateResult } from "lit";
import type { CallCosts, Others } from "../api/types";
import { formatCount, formatShare, plural } from "../lib/text";
import { formatDuration } from "../lib/time";

export const callCostsStyles = css`
  .histogram {
    display: flex;
    align-items: flex-end;
    gap: 1px;
    height: 34px;
    max-width: 320px;
    margin-top: 3px;
    border-bottom: 1px solid var(--border-strong);
  }
  .histogram > span {
    flex: 1;
    background: var(--border-strong);
  }
  .histogram > .own {
    background: var(--accent);
  }
  .range {
    display: flex;
    justify-content: space-between;
    max-width: 320px;
    font-size: 11px;
  }
  .children {
    margin-top: 2px;
    border-collapse: collapse;
  }
  .children th,
  .children td {
    padding: 1px 14px 1px 0;
    font-weight: 400;
    text-align: start;
    overflow-wrap: anywhere;
  }
  .children .number {
    text-align: end;
    white-space: nowrap;
  }
`;

/** How a call compares with the others of its function: in words, and where it stands among them. */
export function others({ text, edges_ns, counts, own }: Others): TemplateResult {
  const most = Math.max(1, ...counts);
  const bar = (count: number, bin: number) => {
    const from = formatDuration(edges_ns[bin] ?? 0);
    const to = formatDuration(edges_ns[bin + 1] ?? 0);
    const heightPx = count === 0 ? 0 : Math.max(2, Math.sqrt(count / most) * 32);
    return html`<span class=${bin === own ? "own" : ""} style="height:${heightPx}px" title="${from} to ${to}: ${plural(count, "call")}"></span>`;
  };
  return html`<span data-testid="call-compared">${text}</span>
    <div class="histogram" aria-hidden="true" data-testid="call-histogram">${counts.map(bar)}</div>
    <div class="range quiet" aria-hidden="true">
      <span>${formatDuration(edges_ns[0] ?? 0)}</span><span>${formatDuration(edges_ns.at(-1) ?? 0)}</span>
    </div>`;
}

/** What a call called itself, by time. */
export function children({ children: rows, more_children: more }: CallCosts): TemplateResult | typeof nothing {
  if (rows.length === 0) return nothing;
  return html`<table class="children" aria-label="Calls inside by time" data-testid="call-children">
      <tbody>
        ${rows.map(
          ({ title, calls, ns, share }) =>
            html`<tr>
              <th scope="row">${title}</th>
              <td class="number">${formatCount(calls)}</td>
              <td class="number">${formatDuration(ns)}</td>
              <td class="number quiet">${formatShare(share)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${more > 0 ? html`<p class="quiet">${plural(more, "row")} more</p>` : nothing}`;
}
