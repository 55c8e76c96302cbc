import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { errorMessage, isAbort, type ApiClient } from "../api/client";
import type { FunctionInfo, SourceInfo } from "../api/types";
import { sourceLines } from "../lib/source";
import { formatLocation, plural } from "../lib/text";
import { sharedStyles } from "../styles";
import "./copyButton";
import { dialogStyles } from "./dialogStyles";

/** A function's definition, in a dialog over the page. The browser closes it at Escape and gives the focus back. */
@customElement("mt-source-panel")
export class SourcePanel extends LitElement {
  static override styles = [
    sharedStyles,
    dialogStyles,
    css`
      dialog {
        width: min(960px, 100vw - 32px);
        max-height: min(85vh, 800px);
      }
      .head {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
      }
      h2,
      .place {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      pre {
        flex: 1;
        min-height: 0;
        margin: 0;
        padding: 8px 0;
        overflow: auto;
        font: 12px/1.55 var(--mono);
        tab-size: 4;
      }
      pre:focus-visible {
        outline-offset: -2px;
      }
      .lines {
        display: block;
        width: max-content;
        min-width: 100%;
      }
      .line {
        display: flex;
      }
      .line::before {
        flex: none;
        width: 7ch;
        padding-inline-end: 2ch;
        color: var(--text-quiet);
        text-align: end;
        content: attr(data-line);
      }
      .line.marked {
        background: var(--accent-bg);
        box-shadow: inset 4px 0 0 var(--accent);
      }
      .line.marked::before {
        color: var(--accent-text);
        font-weight: 600;
      }
      .text {
        padding-inline-end: 16px;
        white-space: pre;
      }
      .message {
        padding: 16px;
        overflow-wrap: anywhere;
      }
      .rest {
        padding: 6px 16px;
        border-top: 1px solid var(--border);
      }
    `,
  ];

  @property({ attribute: false }) api: ApiClient | null = null;
  @state() private info: FunctionInfo | null = null;
  @state() private source: SourceInfo | null = null;
  @state() private failure: string | null = null;
  @query("dialog") private dialog!: HTMLDialogElement;

  private request: AbortController | null = null;

  /** Opens the panel on a function's definition, with a line of its file marked: by default the one it begins at. */
  async show(run: string, info: FunctionInfo, line: number | null = info.line): Promise<void> {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    this.info = { ...info, line };
    this.source = null;
    this.failure = null;
    await this.updateComplete;
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const source = await this.api?.source(run, info.function_id, request.signal);
      if (this.request !== request) return;
      this.source = source ?? null;
    } catch (error) {
      if (this.request !== request || isAbort(error)) return;
      this.failure = errorMessage(error);
    }
    await this.updateComplete;
    this.renderRoot.querySelector(".marked")?.scrollIntoView({ block: "nearest" });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.request?.abort();
  }

  override render(): TemplateResult {
    return html`<dialog
      aria-labelledby="title"
      data-testid="source-panel"
      @close=${() => {
        this.request?.abort();
        this.request = null;
        this.info = null;
      }}
      @click=${(event: MouseEvent) => {
        // The dialog itself is hit only beside its content, which fills it: on the backdrop.
        if (event.target === this.dialog) this.dialog.close();
      }}
    >
      ${this.info ? this.renderContent(this.info) : nothing}
    </dialog>`;
  }

  private renderContent(info: FunctionInfo): TemplateResult {
    const place = formatLocation(this.source?.file ?? info.file, info.line);
    return html`
      <div class="head">
        <h2 id="title">${info.name}</h2>
        <button
          type="button"
          class="button"
          data-testid="source-close"
          @click=${() => {
            this.dialog.close();
          }}
        >
          Close
        </button>
        <span class="place mono" data-testid="source-place">${place}</span>
        <mt-copy-button label="Copy path" .text=${place}></mt-copy-button>
      </div>
      ${
        this.failure !== null
          ? html`<p class="message" role="status" data-testid="source-failure">${this.failure}</p>`
          : this.source
            ? this.renderSource(this.source, info)
            : html`<p class="message quiet" role="status">Loading the source…</p>`
      }
    `;
  }

  private renderSource(source: SourceInfo, info: FunctionInfo): TemplateResult {
    const lines = sourceLines(source, info.line ?? source.line);
    return html`
      <pre tabindex="0" role="region" aria-label="Source of ${info.name}"><code class="lines">${lines.map(
        ({ number, text, marked }) =>
          html`<span
            class="line ${marked ? "marked" : ""}"
            data-testid="source-line"
            data-line=${number}
            aria-current=${marked ? "true" : nothing}
            ><span class="text">${`${text}\n`}</span></span
          >`,
      )}</code></pre>
      ${
        source.truncated
          ? html`<p class="rest quiet" data-testid="source-truncated">
            The definition goes on after these ${plural(lines.length, "line")}, which are all that was recorded.
          </p>`
          : nothing
      }
    `;
  }
}
