import { css, html, type TemplateResult } from "lit";
import { splitName } from "../lib/text";

export const middleCutStyles = css`
  .cut {
    display: inline-flex;
    min-width: 0;
    max-width: 100%;
    overflow: hidden;
    white-space: pre;
  }
  .cut > :first-child {
    flex: 0 1 auto;
    min-width: 2ch;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .cut > :last-child {
    flex: none;
  }
`;

/** A name that loses its middle where there is no room for it: its beginning and its end tell it from others. */
export function middleCut(name: string): TemplateResult {
  const { begin, end } = splitName(name);
  return html`<span class="cut" title=${name}><span>${begin}</span><span>${end}</span></span>`;
}
