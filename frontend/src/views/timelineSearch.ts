import type { ReactiveController, ReactiveControllerHost } from "lit";
import { errorMessage, isAbort } from "../api/client";
import type { Found } from "../api/types";
import { formatCount, plural } from "../lib/text";
import type { CallReference } from "../lib/urlState";

const TYPED_AFTER_MS = 200;

/** Calls of functions by name: how many there are, and one after the other. */
export class TimelineSearch implements ReactiveController {
  found: Found | null = null;
  failure: string | null = null;
  #text = "";
  #shownNumber = false;
  #last: { readonly call: CallReference; readonly startNs: number } | null = null;
  #request: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly options: {
      readonly find: (text: string, afterNs: number, step: 1 | -1, signal: AbortSignal) => Promise<Found>;
      /** Where the first call is searched from, or the next one after something else was selected. */
      readonly timeNs: () => number;
      readonly selected: () => CallReference | null;
      readonly go: (call: CallReference) => void;
    },
  ) {
    host.addController(this);
  }

  hostDisconnected(): void {
    this.#cancel();
  }

  /** What was found, in words: `2 functions, call 3 of 126`. */
  get text(): string {
    const { found } = this;
    if (!found) return this.failure ?? "";
    const calls = this.#shownNumber
      ? `call ${formatCount(found.number)} of ${formatCount(found.calls)}`
      : plural(found.calls, "call");
    return `${plural(found.functions, "function")}, ${calls}`;
  }

  /** Counts what matches, a moment after the last letter. */
  count(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    this.found = null;
    this.#cancel();
    if (text.trim() === "") return;
    this.#timer = setTimeout(() => void this.#find(this.#fromNs, 1, false), TYPED_AFTER_MS);
  }

  /** Goes to the next or previous call that matches. */
  go(step: 1 | -1): void {
    if (this.#text.trim() === "") return;
    this.#cancel();
    void this.#find(this.#fromNs, step, true);
  }

  /** What was gone to last is known before it is loaded. */
  get #fromNs(): number {
    const selected = this.options.selected();
    const isOurs =
      this.#last !== null &&
      selected?.callId === this.#last.call.callId &&
      selected.process === this.#last.call.process;
    return isOurs && this.#last ? this.#last.startNs : this.options.timeNs();
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#request?.abort();
    this.#request = null;
  }

  async #find(afterNs: number, step: 1 | -1, goes: boolean): Promise<void> {
    const request = (this.#request = new AbortController());
    try {
      const found = await this.options.find(this.#text, afterNs, step, request.signal);
      if (this.#request !== request) return;
      this.found = found;
      this.failure = null;
      this.#shownNumber = goes;
      if (goes && found.call && found.start_ns !== null) {
        const call = { process: found.call.process, callId: found.call.call_id };
        this.#last = { call, startNs: found.start_ns };
        this.options.go(call);
      }
    } catch (error) {
      if (this.#request !== request || isAbort(error)) return;
      this.failure = errorMessage(error);
    }
    this.host.requestUpdate();
  }
}
