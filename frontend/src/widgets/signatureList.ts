import { css, html, nothing, type TemplateResult } from "lit";
import type { FunctionInfo } from "../api/types";
import { formatCount, plural } from "../lib/text";

/** More signatures than this are behind a button: a function may have thousands. */
const SHOWN = 20;

export const signatureStyles = css`
  .signature-list {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .signature-list li {
    display: flex;
    gap: 14px;
    align-items: baseline;
    padding: 2px 0;
  }
  .signature-list code {
    overflow-wrap: anywhere;
  }
  .signature-list li > span {
    flex: none;
  }
`;

/** What a function was called with, most often first; `showAll` is what the button for the rest does. */
export function signatureList(info: FunctionInfo, all: boolean, showAll: () => void): TemplateResult {
  if (info.signatures.length === 0) return html`<span class="quiet">No signature was recorded.</span>`;
  const byCalls = [...info.signatures].sort((a, b) => b.calls - a.calls);
  const shown = all ? byCalls : byCalls.slice(0, SHOWN);
  return html`<ul class="signature-list">
      ${shown.map(
        ({ text, calls, traces }) =>
          html`<li>
            <code class="mono">${text}</code>
            <span class="quiet"
              >${plural(calls, "call")}${traces > 0 ? html`, <b class="prominent">${plural(traces, "trace")}</b>` : nothing}</span
            >
          </li>`,
      )}
    </ul>
    ${
      shown.length < byCalls.length
        ? html`<button type="button" class="link" @click=${showAll}>Show all ${formatCount(byCalls.length)} signatures</button>`
        : nothing
    }`;
}
