import { css, html, nothing, type TemplateResult } from "lit";
import type { DefinitionInfo } from "../api/types";
import { plural } from "../lib/text";
import { middleCut } from "./middleCut";

export const definitionLineStyles = css`
  .definition-line {
    display: flex;
    align-items: flex-start;
    gap: 6px;
    width: 100%;
    min-width: 0;
  }
  .definition-line > div {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 10px;
    min-width: 0;
    padding-top: 1px;
  }
  .definition-line h2 {
    display: flex;
    min-width: 0;
    max-width: 100%;
  }
`;

/** Functions made from one definition in one line that opens; what it tells is of all of them, whatever a list's filter leaves. */
export function definitionLine(
  definition: DefinitionInfo,
  { open, toggle, testId }: { readonly open: boolean; readonly toggle: () => void; readonly testId: string },
): TemplateResult {
  const { title, traces, repeated, changes } = definition;
  return html`<div class="definition-line">
    <button
      type="button"
      class="expander"
      aria-expanded=${String(open)}
      aria-label="Functions of ${title}"
      data-testid=${testId}
      @click=${toggle}
    >
      <span aria-hidden="true">${open ? "▾" : "▸"}</span>
    </button>
    <div><h2>${middleCut(title)}</h2>
    <span class="chip ${repeated.total > repeated.normal ? "prominent" : ""}">${plural(traces, "trace")}</span>
    ${(changes ?? repeated.text) === "" ? nothing : html`<span class="quiet">${changes ?? repeated.text}</span>`}</div>
  </div>`;
}
