import { LitElement, css, html } from "lit";
import { customElement, query } from "lit/decorators.js";
import { sharedStyles } from "../styles";

const EVERYWHERE: readonly (readonly [string, string])[] = [
  ["?", "this list"],
  ["/", "search in this view"],
  ["← →, Home, End", "the views, from their tabs"],
];

const TIMELINE: readonly (readonly [string, string])[] = [
  ["W S, Ctrl + wheel", "zoom in and out"],
  ["A D, drag", "pan"],
  ["Drag on the ruler", "select a range"],
  ["Shift + drag", "zoom to a stretch"],
  ["Click", "details of a call"],
  ["Double click, Enter, F", "zoom to a call"],
  ["N P", "next and previous call in the row"],
  ["T, Shift + T", "next and previous trace"],
  ["E, Shift + E", "next and previous error"],
  ["L, Shift + L", "the longest calls, one after the other"],
  ["0", "everything"],
  ["Esc", "nothing selected"],
];

/** Which keys there are, in a dialog over the page. */
@customElement("mt-key-help")
export class KeyHelp extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      dialog {
        max-width: min(560px, 100vw - 32px);
        padding: 12px 20px 16px;
        border: 1px solid var(--border-strong);
        border-radius: 6px;
        background: var(--bg);
        color: var(--text);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 24px;
      }
      h3 {
        margin: 10px 0 4px;
      }
      dl {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 3px 20px;
      }
      dt {
        font-family: var(--mono);
        font-size: 12px;
      }
    `,
  ];

  @query("dialog") private dialog!: HTMLDialogElement;

  show(): void {
    if (!this.dialog.open) this.dialog.showModal();
  }

  override render() {
    const list = (keys: typeof TIMELINE) =>
      html`<dl>${keys.map(([key, does]) => html`<dt>${key}</dt><dd>${does}</dd>`)}</dl>`;
    return html`<dialog aria-labelledby="keys-title" data-testid="keys">
      <div class="head">
        <h2 id="keys-title">Keys</h2>
        <button
          type="button"
          class="button"
          @click=${() => {
            this.dialog.close();
          }}
        >
          Close
        </button>
      </div>
      <h3>Everywhere</h3>
      ${list(EVERYWHERE)}
      <h3>In the timeline</h3>
      ${list(TIMELINE)}
    </dialog>`;
  }
}
