import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { ApiClient, errorMessage } from "../api/client";
import type { Explanation } from "../api/types";
import { codeParts } from "../lib/codeParts";
import { sharedStyles } from "../styles";
import "./codeBlock";
import { dialogStyles } from "./dialogStyles";

/** Opens what an id of a finding or diagnosis means. */
export function explanationLink(id: string): TemplateResult {
  return html`<button
    type="button"
    class="link"
    aria-haspopup="dialog"
    data-testid="explanation-link"
    @click=${() => {
      void panel().show(id);
    }}
  >
    About ${id}
  </button>`;
}

/** The page's one panel, made when it is first asked for. */
function panel(): ExplanationPanel {
  const present = document.querySelector<ExplanationPanel>("mt-explanation-panel");
  if (present) return present;
  const made = document.createElement("mt-explanation-panel");
  document.body.append(made);
  return made;
}

/** What an id means, with a wrong and a right program, in a dialog over the page. */
@customElement("mt-explanation-panel")
export class ExplanationPanel extends LitElement {
  static override styles = [
    sharedStyles,
    dialogStyles,
    css`
      dialog {
        width: min(820px, 100vw - 32px);
        max-height: min(85vh, 900px);
      }
      .head {
        display: flex;
        justify-content: space-between;
      }
      .told {
        min-height: 0;
        padding: 0 16px 16px;
        overflow: auto;
      }
      .told:focus-visible {
        outline-offset: -2px;
      }
      h3,
      h4 {
        margin: 14px 0 4px;
      }
      p,
      ul {
        margin: 4px 0;
        max-width: 90ch;
      }
      code {
        font: 12px/1.5 var(--mono);
      }
    `,
  ];

  @state() private explained = "";
  @state() private explanations: readonly Explanation[] | null = null;
  @state() private failure: string | null = null;
  @query("dialog") private dialog!: HTMLDialogElement;

  private readonly api = new ApiClient();

  /** Opens the panel on an id. */
  async show(id: string): Promise<void> {
    this.explained = id;
    this.explanations = null;
    this.failure = null;
    await this.updateComplete;
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const { explanations } = await this.api.explanation(id);
      if (this.explained === id) this.explanations = explanations;
    } catch (error) {
      if (this.explained === id) this.failure = errorMessage(error);
    }
  }

  override render(): TemplateResult {
    return html`<dialog
      aria-labelledby="title"
      data-testid="explanation-panel"
      @click=${(event: MouseEvent) => {
        // The dialog itself is hit only beside its content, which fills it: on the backdrop.
        if (event.target === this.dialog) this.dialog.close();
      }}
    >
      <div class="head">
        <h2 id="title" class="mono">${this.explained}</h2>
        <button
          type="button"
          class="button"
          data-testid="explanation-close"
          @click=${() => {
            this.dialog.close();
          }}
        >
          Close
        </button>
      </div>
      <div class="told" tabindex="0" role="region" aria-label="What ${this.explained} means">
        ${
          this.failure !== null
            ? html`<p role="status">${this.failure}</p>`
            : this.explanations === null
              ? html`<p class="quiet" role="status">Loading the explanation…</p>`
              : this.explanations.map(renderExplanation)
        }
      </div>
    </dialog>`;
  }
}

function renderExplanation(told: Explanation): TemplateResult {
  return html`<article data-testid="explanation" data-group=${told.group}>
    <h3>${told.title} <span class="quiet">(${told.noun})</span></h3>
    <h4>What it looks like</h4>
    <mt-code-block label="What it looks like" .code=${told.looks_like}></mt-code-block>
    ${sentences("Why", told.why)} ${program("Wrong", told.wrong)} ${program("Right", told.right)}
    ${sentences("How to see that it is mended", told.mended)} ${sentences("What is not told", told.not_told)}
    <h4>In TensorFlow's documentation</h4>
    <ul>
      ${told.further.map((page) => html`<li>${page}</li>`)}
    </ul>
  </article>`;
}

function sentences(title: string, text: string | null): TemplateResult | typeof nothing {
  if (text === null) return nothing;
  return html`<h4>${title}</h4>
    <p>${codeParts(text).map(({ code, text }) => (code ? html`<code>${text}</code>` : text))}</p>`;
}

function program(title: string, code: string | null): TemplateResult | typeof nothing {
  if (code === null) return nothing;
  return html`<h4>${title}</h4>
    <mt-code-block label=${title} data-testid="explanation-${title.toLowerCase()}" .code=${code}></mt-code-block>`;
}

declare global {
  interface HTMLElementTagNameMap {
    "mt-explanation-panel": ExplanationPanel;
  }
}
