import { html, nothing, type TemplateResult } from "lit";
import type { Jump } from "../lib/jumps";
import { NavigateEvent } from "./navigate";

export interface JumpText {
  readonly text: string;
  /** What it does, for those who do not see what it stands beside. */
  readonly label: string;
  readonly testId: string;
}

/** A link to somewhere else on the page; nothing where there is nowhere to go. */
export function jumpButton(jump: Jump | null, { text, label, testId }: JumpText): TemplateResult | typeof nothing {
  if (!jump) return nothing;
  return html`<button
    type="button"
    class="link"
    aria-label=${label}
    data-testid=${testId}
    @click=${(event: Event) => {
      event.currentTarget?.dispatchEvent(new NavigateEvent(jump));
    }}
  >
    ${text}
  </button>`;
}
