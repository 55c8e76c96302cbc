import type { ReactiveController, ReactiveControllerHost } from "lit";
import { errorMessage, isAbort } from "../api/client";

/** One answer of the server's that a view shows, asked for again whenever what it is about changes. */
export class Fetched<T> implements ReactiveController {
  value: T | null = null;
  /** Why it could not be loaded. */
  failure: string | null = null;

  #key: string | null = null;
  #request: AbortController | null = null;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  get isLoading(): boolean {
    return this.#request !== null;
  }

  /** Asks, unless this was asked last; with null, forgets. What was shown stays until the answer is there if `keep`. */
  ask(key: string | null, load: (signal: AbortSignal) => Promise<T>, keep = false): void {
    if (key === this.#key) return;
    this.#key = key;
    this.#request?.abort();
    this.#request = null;
    this.failure = null;
    if (!keep || key === null) this.value = null;
    if (key === null) return;
    const request = new AbortController();
    this.#request = request;
    void this.#load(request, load);
  }

  hostConnected(): void {
    // Asked for by the host.
  }

  hostDisconnected(): void {
    this.#request?.abort();
    this.#request = null;
    this.#key = null;
  }

  async #load(request: AbortController, load: (signal: AbortSignal) => Promise<T>): Promise<void> {
    try {
      const value = await load(request.signal);
      if (this.#request !== request) return;
      this.value = value;
    } catch (error) {
      if (this.#request !== request || isAbort(error)) return;
      this.value = null;
      this.failure = errorMessage(error);
    }
    this.#request = null;
    this.host.requestUpdate();
  }
}
