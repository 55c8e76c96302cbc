import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { RunInfo } from "../api/types";
import { foundRuns, processNames, runLabel } from "../lib/runList";
import { plural } from "../lib/text";
import { sharedStyles } from "../styles";

/** Somebody chose a run; null: none. */
export class ChooseRunEvent extends Event {
  static readonly type = "mt-choose-run";

  constructor(readonly run: string | null) {
    super(ChooseRunEvent.type);
  }
}

/** A combobox of runs: type to filter, arrows to move, Enter to choose, Escape to leave everything as it was. */
@customElement("mt-run-picker")
export class RunPicker extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        position: relative;
        display: flex;
        align-items: center;
        gap: 6px;
        min-width: 0;
      }
      input {
        width: 26ch;
        min-width: 8ch;
        min-height: 28px;
        padding: 2px 22px 2px 8px;
        border: 1px solid var(--border-strong);
        border-radius: 4px;
        background: var(--bg);
        text-overflow: ellipsis;
      }
      input::placeholder {
        color: var(--text-quiet);
        opacity: 1;
      }
      .field {
        position: relative;
        min-width: 0;
      }
      .arrow {
        position: absolute;
        inset-inline-end: 8px;
        top: 4px;
        color: var(--text-quiet);
        pointer-events: none;
      }
      .clear {
        min-width: 24px;
        min-height: 24px;
        padding: 0;
        border: 0;
        border-radius: 4px;
        background: none;
        cursor: pointer;
      }
      .clear:hover {
        background: var(--bg-hover);
      }
      .list {
        position: absolute;
        z-index: 10;
        top: calc(100% + 2px);
        inset-inline-start: 0;
        width: max-content;
        min-width: 100%;
        max-width: min(70ch, calc(100vw - 32px));
        max-height: min(60vh, 480px);
        margin: 0;
        padding: 4px 0;
        overflow-y: auto;
        border: 1px solid var(--border-strong);
        border-radius: 4px;
        background: var(--bg);
        box-shadow: 0 4px 14px rgb(0 0 0 / 25%);
      }
      .option {
        padding: 4px 12px;
        cursor: pointer;
      }
      .option.active {
        background: var(--bg-selected);
      }
      .name {
        overflow-wrap: anywhere;
      }
      .option[aria-selected="true"] .name {
        font-weight: 600;
      }
      .more {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 8px;
        color: var(--text-quiet);
        font-size: 12px;
      }
      .none {
        padding: 4px 12px;
      }
      @media (max-width: 1560px) {
        input {
          width: 20ch;
        }
      }
      @media (max-width: 700px) {
        input {
          width: 16ch;
        }
      }
    `,
  ];

  @property({ attribute: false }) runs: readonly RunInfo[] = [];
  @property({ attribute: false }) selected: string | null = null;
  @property() label = "";
  @property() placeholder = "";
  @property() testId = "run-picker";
  /** Whether no run may be chosen, too. */
  @property({ type: Boolean }) clearable = false;

  /** What was typed; null while nobody chooses. */
  @state() private typed: string | null = null;
  @state() private active = 0;

  @query("input") private input!: HTMLInputElement;

  override render(): TemplateResult {
    const open = this.typed !== null;
    const found = open ? foundRuns(this.runs, this.typed ?? "") : [];
    const shown = open ? (this.typed ?? "") : this.selected === null ? "" : runLabel(this.selected);
    return html`<div class="field">
        <input
          type="text"
          role="combobox"
          autocomplete="off"
          spellcheck="false"
          aria-label=${this.label}
          aria-expanded=${String(open)}
          aria-controls="list"
          aria-autocomplete="list"
          aria-activedescendant=${open && found.length > 0 ? `option-${String(this.active)}` : nothing}
          placeholder=${open && this.selected !== null ? runLabel(this.selected) : this.placeholder}
          title=${open ? "" : shown}
          data-testid=${this.testId}
          data-runs=${this.runs.length}
          .value=${shown}
          @click=${this.open}
          @input=${() => {
            this.typed = this.input.value;
            this.active = 0;
          }}
          @keydown=${this.onKey}
          @blur=${this.close}
        />
        <span class="arrow" aria-hidden="true">▾</span>
        <div id="list" class="list" role="listbox" aria-label=${this.label} ?hidden=${!open}>
          ${
            open && found.length === 0
              ? html`<div class="none quiet" role="option" aria-selected="false" aria-disabled="true">No run matches.</div>`
              : found.map((run, index) => this.renderOption(run, index))
          }
        </div>
      </div>
      ${
        this.clearable && this.selected !== null
          ? html`<button
              type="button"
              class="clear"
              aria-label="Compare with no run"
              title="Compare with no run"
              data-testid="${this.testId}-clear"
              @click=${() => {
                this.dispatchEvent(new ChooseRunEvent(null));
              }}
            >
              ✕
            </button>`
          : nothing
      }`;
  }

  private renderOption(run: RunInfo, index: number): TemplateResult {
    const names = processNames(run);
    return html`<div
      id="option-${index}"
      class="option ${index === this.active ? "active" : ""}"
      role="option"
      aria-selected=${String(run.run === this.selected)}
      data-testid="run-option"
      data-run=${run.run}
      @mousedown=${(event: Event) => {
        event.preventDefault(); // the field keeps the focus
      }}
      @click=${() => {
        this.choose(run);
      }}
    >
      <div class="name">${runLabel(run.run)}</div>
      <div class="more">
        <span>${plural(run.calls, "call")}</span>
        ${run.start_unix_ns === null ? nothing : html`<span>${new Date(run.start_unix_ns / 1e6).toLocaleString()}</span>`}
        ${names === "" ? nothing : html`<span>${names}</span>`}
        ${run.state === "complete" ? nothing : html`<span class="chip">${run.state}</span>`}
        ${run.errors > 0 ? html`<span class="chip error">${plural(run.errors, "error")}</span>` : nothing}
        ${run.findings === null || run.findings === 0 ? nothing : html`<span class="chip prominent">${plural(run.findings, "finding")}</span>`}
      </div>
    </div>`;
  }

  private readonly open = (): void => {
    if (this.typed !== null) return;
    this.typed = "";
    this.active = Math.max(
      0,
      foundRuns(this.runs, "").findIndex(({ run }) => run === this.selected),
    );
    void this.updateComplete.then(() => {
      this.scrollToActive();
    });
  };

  private readonly close = (): void => {
    this.typed = null;
  };

  private choose(run: RunInfo): void {
    this.typed = null;
    this.dispatchEvent(new ChooseRunEvent(run.run));
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.typed === null) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp" && event.key !== "Enter") return;
      this.open();
      event.preventDefault();
      return;
    }
    const found = foundRuns(this.runs, this.typed);
    const last = found.length - 1;
    const next = {
      ArrowDown: Math.min(last, this.active + 1),
      ArrowUp: Math.max(0, this.active - 1),
      PageDown: last,
      PageUp: 0,
    }[event.key];
    if (next !== undefined) {
      this.active = Math.max(0, next);
      void this.updateComplete.then(() => {
        this.scrollToActive();
      });
    } else if (event.key === "Enter") {
      const run = found[this.active];
      if (run) this.choose(run);
    } else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  private scrollToActive(): void {
    this.renderRoot.querySelector(`#option-${String(this.active)}`)?.scrollIntoView({ block: "nearest" });
  }
}
