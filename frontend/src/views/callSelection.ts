import type { ReactiveController, ReactiveControllerHost } from "lit";
import { errorMessage, isAbort } from "../api/client";
import { MODES, type CallInfo } from "../api/types";
import type { CallReference } from "../lib/urlState";
import type { SliceInfo } from "../timeline/query";

export interface CallSelectionOptions {
  readonly load: (reference: CallReference, signal: AbortSignal) => Promise<CallInfo>;
  /** Call ids repeat in every process, so a slice's call is known by its lane's process too. */
  readonly processOf: (lane: number) => number | undefined;
  /** Called at every change of the slice that is selected. */
  readonly marked: (slice: SliceInfo | null) => void;
}

/** What is selected in the timeline: a slice, and what the server knows of its call. */
export class CallSelection implements ReactiveController {
  slice: SliceInfo | null = null;
  call: CallInfo | null = null;
  /** Why the call could not be loaded. */
  failure: string | null = null;

  #request: { readonly reference: CallReference; readonly controller: AbortController } | null = null;

  constructor(
    private readonly host: Pick<ReactiveControllerHost, "addController" | "requestUpdate">,
    private readonly options: CallSelectionOptions,
  ) {
    host.addController(this);
  }

  get isEmpty(): boolean {
    return this.slice === null && this.call === null && this.failure === null;
  }

  /** The process in which the selected calls ran. */
  get process(): number | undefined {
    return this.call?.process ?? (this.slice ? this.options.processOf(this.slice.lane) : undefined);
  }

  hostDisconnected(): void {
    this.#cancel();
  }

  /** Whether a call is selected, or will be once it is loaded. */
  isOn(reference: CallReference): boolean {
    return same(reference, this.#request?.reference ?? this.#referenceOf(this.slice));
  }

  clear(): void {
    this.#mark(null);
  }

  /** Selects nothing, but for a slice that stands for several calls: it has no address that could speak for it. */
  clearCall(): void {
    if (this.slice?.callId != null || this.failure !== null || this.#request) this.clear();
  }

  /** Selects a slice on screen and loads its call; returns which call that is, null if it stands for several. */
  choose(slice: SliceInfo | null): CallReference | null {
    this.#mark(slice);
    const reference = this.#referenceOf(slice);
    if (reference) void this.#load(reference);
    return reference;
  }

  /** Loads a call and selects it; null if there is no such call, or something else was selected meanwhile. */
  async open(reference: CallReference): Promise<SliceInfo | null> {
    const call = await this.#load(reference);
    if (!call) return null;
    this.slice = sliceOf(call);
    this.options.marked(this.slice);
    this.host.requestUpdate();
    return this.slice;
  }

  #mark(slice: SliceInfo | null): void {
    this.#cancel();
    this.slice = slice;
    this.call = null;
    this.failure = null;
    this.options.marked(slice);
    this.host.requestUpdate();
  }

  async #load(reference: CallReference): Promise<CallInfo | null> {
    this.#cancel();
    const request = { reference, controller: new AbortController() };
    this.#request = request;
    this.call = null;
    this.failure = null;
    try {
      const call = await this.options.load(reference, request.controller.signal);
      if (this.#request !== request) return null;
      this.call = call;
      return call;
    } catch (error) {
      if (this.#request === request && !isAbort(error)) this.failure = errorMessage(error);
      return null;
    } finally {
      if (this.#request === request) this.#request = null;
      this.host.requestUpdate();
    }
  }

  #cancel(): void {
    this.#request?.controller.abort();
    this.#request = null;
  }

  #referenceOf(slice: SliceInfo | null): CallReference | null {
    const process = slice ? this.options.processOf(slice.lane) : undefined;
    const callId = slice?.callId ?? null;
    return callId === null || process === undefined ? null : { process, callId };
  }
}

/** The slice that a call would be if it were on screen. */
export function sliceOf(call: CallInfo): SliceInfo {
  return {
    lane: call.lane,
    row: call.row,
    startNs: call.start_ns,
    durationNs: call.duration_ns,
    callId: call.call_id,
    functionId: call.function_id,
    traceId: call.trace_ids.at(-1) ?? null,
    calls: 1,
    modeCode: MODES.findIndex((mode) => mode === call.mode),
    raised: call.raised,
  };
}

function same(one: CallReference, other: CallReference | null): boolean {
  return one.process === other?.process && one.callId === other.callId;
}
