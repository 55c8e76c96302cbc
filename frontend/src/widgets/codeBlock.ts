import { LitElement, css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { sharedStyles } from "../styles";
import "./copyButton";

/** Code to read and to copy. */
@customElement("mt-code-block")
export class CodeBlock extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      /* The button lies beside the text, not on it, also where a line is longer than there is room. */
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr) max-content;
        border: 1px solid var(--border);
        border-radius: 4px;
        background: var(--bg-raised);
      }
      pre {
        margin: 0;
        padding: 10px 12px;
        overflow: auto;
        font: 12px/1.5 var(--mono);
      }
      mt-copy-button {
        align-self: start;
        margin: 6px;
      }
    `,
  ];

  @property() code = "";
  @property() label = "Code";

  override render() {
    return html`<pre tabindex="0" role="group" aria-label=${this.label}><code>${this.code}</code></pre>
      <mt-copy-button .text=${this.code}></mt-copy-button>`;
  }
}
