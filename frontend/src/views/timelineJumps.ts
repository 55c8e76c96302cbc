import { html, nothing, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { ApiClient } from "../api/client";
import type { RunEvents } from "../api/types";
import { formatCount } from "../lib/text";
import { JUMP_KINDS, nextPlace, targetsOf, type JumpKind, type Target } from "../timeline/jumps";
import { Fetched } from "../widgets/fetched";

interface Words {
  readonly one: string;
  readonly many: string;
  readonly key: string;
  readonly meaning: string;
}

const WORDS: Readonly<Record<JumpKind, Words>> = {
  trace: { one: "trace", many: "traces", key: "T", meaning: "Every trace, in order of time" },
  error: {
    one: "error",
    many: "errors",
    key: "E",
    meaning:
      "Every exception that left a recorded call, in order of time; one that left several calls is there for each",
  },
  longest: {
    one: "longest call",
    many: "longest calls",
    key: "L",
    meaning: "The calls that took most time by themselves, without what they called and traced",
  },
};

/** Ways from one trace, error or long call to the next, by key and by button. */
export class TimelineJumps {
  private readonly fetched: Fetched<RunEvents>;
  private targets: Readonly<Record<JumpKind, readonly Target[]>> | null = null;
  private shown: RunEvents | null = null;
  private at: Partial<Record<JumpKind, number>> = {};

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly options: {
      /** Where one looks: from there on the first jump searches. */
      readonly timeNs: () => number;
      readonly go: (target: Target) => void;
    },
  ) {
    this.fetched = new Fetched<RunEvents>(host);
  }

  get events(): RunEvents | null {
    return this.fetched.value;
  }

  load(api: ApiClient | null, run: string, revision: string): void {
    if (!api || run === "") return;
    this.fetched.ask(JSON.stringify([run, revision]), (signal) => api.events(run, signal), this.events?.run === run);
    if (this.events === this.shown) return;
    if (this.events?.run !== this.shown?.run) this.at = {};
    this.shown = this.events;
    this.targets = this.events && targetsOf(this.events);
  }

  jump(kind: JumpKind, step: 1 | -1): void {
    const targets = this.targets?.[kind] ?? [];
    const place = nextPlace(
      targets,
      this.at[kind] ?? null,
      step,
      kind === "longest" ? -Infinity : this.options.timeNs(),
    );
    const target = targets[place];
    if (!target) return;
    this.at = { ...this.at, [kind]: place };
    this.options.go(target);
    this.host.requestUpdate();
  }

  render(): TemplateResult {
    return html`${JUMP_KINDS.map((kind) => this.renderKind(kind))}`;
  }

  private renderKind(kind: JumpKind): TemplateResult | typeof nothing {
    const count = this.targets?.[kind].length ?? 0;
    if (count === 0) return nothing;
    const { one, many, key, meaning } = WORDS[kind];
    const place = this.at[kind];
    const button = (step: 1 | -1, sign: string) =>
      html`<button
        type="button"
        class="button"
        aria-label="${step > 0 ? "Next" : "Previous"} ${one}"
        title="${step > 0 ? "Next" : "Previous"} ${one} (${step > 0 ? "" : "Shift + "}${key})"
        data-testid="jump-${kind}-${step > 0 ? "next" : "previous"}"
        @click=${() => {
          this.jump(kind, step);
        }}
      >
        ${sign}
      </button>`;
    return html`<span class="jump">
      ${button(-1, "‹")}
      <span role="status" title=${meaning} data-testid="jump-${kind}-at"
        >${place === undefined ? `${formatCount(count)} ${count === 1 ? one : many}` : `${one} ${formatCount(place + 1)} of ${formatCount(count)}`}</span
      >
      ${button(1, "›")}
    </span>`;
  }
}
