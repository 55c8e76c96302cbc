import { css, html, nothing, type TemplateResult } from "lit";
import type { FunctionInfo } from "../api/types";
import { formatLocation, shortPath } from "../lib/text";
import { MISSING } from "../lib/time";

/** A wish to see where a function is defined; the app shows it. */
export class ShowSourceEvent extends Event {
  static readonly type = "mt-show-source";

  constructor(readonly info: FunctionInfo) {
    super(ShowSourceEvent.type, { bubbles: true, composed: true });
  }
}

declare global {
  interface HTMLElementEventMap {
    "mt-show-source": ShowSourceEvent;
  }
}

export const placeStyles = css`
  .place {
    display: inline-flex;
    align-items: center;
    max-width: 100%;
    min-width: 0;
    padding: 0;
  }
`;

/** Where a function is defined; a click shows the definition. A page cannot open files, and they may be on another machine. */
export function functionPlace(info: FunctionInfo): TemplateResult {
  if (!info.file) return html`<span class="quiet">${MISSING}</span>`;
  const shown = formatLocation(shortPath(info.file), info.line);
  return html`<button
    type="button"
    class="link mono place"
    title=${formatLocation(info.file, info.line)}
    aria-label="${shown}, source of ${info.name}"
    aria-haspopup="dialog"
    data-testid="function-place"
    @click=${(event: Event) => {
      event.currentTarget?.dispatchEvent(new ShowSourceEvent(info));
    }}
  >
    <span class="ellipsis">${shortPath(info.file)}</span>${info.line ? `:${info.line}` : nothing}
  </button>`;
}
