import { LitElement, css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { sharedStyles } from "../styles";
import "../widgets/codeBlock";

const SNIPPET = `import tensorflow as tf
import tfmodetrace as tmt

@tmt.traced
@tf.function
def train_step(x, y):
    ...

with tmt.record("logs/run1"):
    for x, y in batches:
        train_step(x, y)
`;

/** What to do when there is nothing to show yet. */
@customElement("mt-empty-view")
export class EmptyView extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: block;
        overflow: auto;
        padding: 32px 16px;
      }
      section {
        display: grid;
        gap: 14px;
        max-width: 680px;
        margin: 0 auto;
      }
      h2 {
        font-size: 18px;
      }
      code {
        font-family: var(--mono);
        font-size: 12px;
      }
    `,
  ];

  @property() logdir = "";

  override render() {
    return html`<section data-testid="empty-state" aria-labelledby="empty-title">
      <h2 id="empty-title">Nothing has been recorded yet</h2>
      <p>
        ${
          this.logdir === ""
            ? "TensorBoard's log directory holds"
            : html`The log directory <code>${this.logdir}</code> holds`
        }
        no recording of tfmodetrace. Decorate the functions you want to see, and record your training inside a log directory
        that TensorBoard reads:
      </p>
      <mt-code-block label="How to record" .code=${SNIPPET}></mt-code-block>
      <p>
        Then this tab shows every call of <code>train_step</code>: whether it ran eagerly, in a graph or through XLA, which
        calls made TensorFlow trace it again, and why. The page looks for new recordings every few seconds.
      </p>
      <p class="quiet">
        Without touching the code: set <code>TFMODETRACE_LOGDIR=logs/run1</code> and run the program with decorated functions
        as always.
      </p>
    </section>`;
  }
}
