/** What the page knows of the server: which runs there are, and the report of the one being looked at. */

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { errorMessage, isAbort, type ApiClient } from "./api/client";
import type { RunInfo, RunReport, Runs } from "./api/types";

export interface LoadedReport {
  readonly run: string;
  readonly revision: string;
  readonly report: RunReport;
}

const RELOAD_MS = 3000;
/** While the recordings are read for the first time: the server waits a moment itself before it says that they still are. */
const RELOAD_WHILE_READING_MS = 100;
/** Of so many calls a timeline shows hardly any names, which come with the report. */
const MANY_CALLS = 200_000;
/** A timeline that is not drawn by then waits for something else. */
const PICTURE_WITHIN_MS = 10_000;

/** Keeps runs and report up to date: while something is being recorded, and when TensorBoard reloads. Never while hidden. */
export class Session implements ReactiveController {
  runs: Runs | null = null;
  loaded: LoadedReport | null = null;
  /** Why the runs, or the report, could not be loaded just now. */
  runsError: string | null = null;
  reportError: string | null = null;

  #wantedRun: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pictureTimer: ReturnType<typeof setTimeout> | null = null;
  #refreshing = false;
  #again = false;
  /** Whether the timeline of a long recording is drawn first: its report would take long beside that. */
  #pictureFirst: boolean;
  #reportRequest: { readonly run: string; readonly revision: string; readonly controller: AbortController } | null =
    null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly api: ApiClient,
    private readonly isShown: () => boolean,
    pictureFirst: boolean,
  ) {
    this.#pictureFirst = pictureFirst;
    host.addController(this);
  }

  /** The run being looked at: the wanted one where it exists, else the first. */
  get run(): RunInfo | null {
    const runs = this.runs?.runs ?? [];
    return runs.find(({ run }) => run === this.#wantedRun) ?? runs[0] ?? null;
  }

  get report(): RunReport | null {
    return this.loaded && this.loaded.run === this.run?.run ? this.loaded.report : null;
  }

  hostConnected(): void {
    void this.refresh();
  }

  hostDisconnected(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pictureTimer !== null) clearTimeout(this.#pictureTimer);
    this.#pictureTimer = null;
    this.#reportRequest?.controller.abort();
  }

  want(run: string | null): void {
    if (run === this.#wantedRun) return;
    this.#wantedRun = run;
    this.host.requestUpdate();
    void this.#loadReport();
  }

  /** The timeline is drawn, or somebody looks at something else. */
  pictureIsThere(): void {
    if (!this.#pictureFirst) return;
    this.#pictureFirst = false;
    void this.#loadReport();
  }

  /** Asks the server again; at once if the page is on screen, when it comes back if not. */
  async refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.isShown()) return;
    this.#refreshing = true;
    try {
      this.runs = await this.api.runs();
      this.runsError = null;
    } catch (error) {
      this.runsError = errorMessage(error);
    }
    this.host.requestUpdate();
    await this.#loadReport();
    this.#refreshing = false;
    if (this.#again) {
      this.#again = false;
      void this.refresh();
    } else if (this.#mayChangeByItself) {
      const reading = this.runsError === null && this.runs?.indexing === true;
      this.#timer = setTimeout(() => void this.refresh(), reading ? RELOAD_WHILE_READING_MS : RELOAD_MS);
    }
  }

  get #mayChangeByItself(): boolean {
    const runs = this.runs;
    if (this.runsError !== null || this.reportError !== null || runs === null) return true;
    return runs.indexing || runs.runs.length === 0 || runs.runs.some(({ complete }) => !complete);
  }

  async #loadReport(): Promise<void> {
    const run = this.run;
    if (!run) return;
    if (this.#pictureFirst && run.calls > MANY_CALLS) {
      this.#pictureTimer ??= setTimeout(() => {
        this.pictureIsThere();
      }, PICTURE_WITHIN_MS);
      return;
    }
    if (this.loaded?.run === run.run && this.loaded.revision === run.revision) {
      this.#reportRequest?.controller.abort();
      this.#reportRequest = null;
      return;
    }
    if (this.#reportRequest?.run === run.run && this.#reportRequest.revision === run.revision) return;
    this.#reportRequest?.controller.abort();
    const request = { run: run.run, revision: run.revision, controller: new AbortController() };
    this.#reportRequest = request;
    try {
      const answer = await this.api.report(run.run, request.controller.signal);
      if (this.#reportRequest !== request) return;
      const report = answer.runs.find((candidate) => candidate.run === run.run) ?? answer.runs[0];
      if (!report) throw new Error(`The server's report of the run “${run.run}” is empty. Reload TensorBoard's data.`);
      // The revision that was asked for: if the answer is newer, the next refresh finds a newer one still and loads that.
      this.loaded = { run: run.run, revision: run.revision, report };
      this.reportError = null;
    } catch (error) {
      if (this.#reportRequest !== request || isAbort(error)) return;
      this.reportError = errorMessage(error);
    } finally {
      if (this.#reportRequest === request) this.#reportRequest = null;
      this.host.requestUpdate();
    }
  }
}
