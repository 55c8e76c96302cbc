import { LitElement, html } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { sharedStyles } from "../styles";

const SHOWN_MS = 2000;

/** Copies a text, and says that it did. */
@customElement("mt-copy-button")
export class CopyButton extends LitElement {
  static override styles = sharedStyles;

  @property() text = "";
  @property() label = "Copy";
  @state() private outcome: "none" | "copied" | "failed" = "none";

  override render() {
    const shown = { none: this.label, copied: "Copied", failed: "Select it and press Ctrl+C" }[this.outcome];
    return html`<button class="button" type="button" data-testid="copy-button" @click=${() => void this.copy()}>
      <span aria-live="polite">${shown}</span>
    </button>`;
  }

  private async copy(): Promise<void> {
    this.outcome = (await copyText(this.text, this.renderRoot)) ? "copied" : "failed";
    setTimeout(() => {
      this.outcome = "none";
    }, SHOWN_MS);
  }
}

async function copyText(text: string, near: Node): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, near);
  }
}

/**
 * TensorBoard is often read over plain HTTP from another machine, where browsers have no clipboard API.
 *
 * @param near where to put the text meanwhile: while a dialog is open, nothing outside it can be selected.
 */
function copyBySelection(text: string, near: Node): boolean {
  const focused = near instanceof ShadowRoot ? near.activeElement : null;
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.style.position = "fixed";
  area.style.opacity = "0";
  near.appendChild(area);
  area.select();
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
