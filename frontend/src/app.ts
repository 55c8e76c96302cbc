import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { ApiClient } from "./api/client";
import { appStyles } from "./appStyles";
import {
  isShown,
  observeTheme,
  onDataReloaded,
  onHashChange,
  onShownChange,
  readHash,
  writeAddress,
} from "./host/tensorboard";
import type { Theme } from "./lib/modes";
import { RECORDING_TITLES, recordingText } from "./lib/recordingState";
import { formatCount, plural } from "./lib/text";
import { VIEWS, isStep, parseHash, type UrlState, type View } from "./lib/urlState";
import { Session } from "./session";
import { sharedStyles } from "./styles";
import { NavigateEvent } from "./widgets/navigate";
import { ShowSourceEvent } from "./widgets/place";
import "./widgets/keyHelp";
import type { KeyHelp } from "./widgets/keyHelp";
import "./widgets/runPicker";
import type { ChooseRunEvent } from "./widgets/runPicker";
import "./widgets/sourcePanel";
import type { SourcePanel } from "./widgets/sourcePanel";
import "./views/emptyView";
import { loading, panels } from "./views/panels";
import { PictureEvent } from "./views/timelineView";

const LABELS: Readonly<Record<View, string>> = {
  overview: "Overview",
  timeline: "Timeline",
  time: "Where time goes",
  traces: "Traces",
  errors: "Errors",
  graphs: "Graphs",
  placement: "Placement",
  memory: "Memory",
  compare: "Compare",
};

/** The shell: run, views, state of the recording, and everything that may go wrong. */
@customElement("mt-app")
export class App extends LitElement {
  static override styles = [sharedStyles, appStyles];

  @state() private url: UrlState = parseHash(readHash());
  /** Whether the address says where we are, rather than a click on the page. */
  @state() private restored = true;
  @state() private theme: Theme = "light";
  @state() private visited: ReadonlySet<View> = new Set();

  @query("mt-source-panel") private sourcePanel!: SourcePanel;
  @query("mt-key-help") private keyHelp!: KeyHelp;

  private readonly api = new ApiClient();
  private readonly session = new Session(this, this.api, isShown, this.url.view === "timeline");
  private cleanups: (() => void)[] = [];
  private hashTimer: ReturnType<typeof setTimeout> | null = null;
  /** What was typed into the search of each view that is not shown: it is no other view's. */
  private readonly filters = new Map<View, string>();

  override connectedCallback(): void {
    super.connectedCallback();
    const listeners = new AbortController();
    this.session.want(this.url.run);
    this.cleanups = [
      observeTheme((theme) => {
        this.theme = theme;
        document.documentElement.dataset["theme"] = theme;
      }),
      onDataReloaded(() => void this.session.refresh()),
      () => {
        listeners.abort();
      },
    ];
    onShownChange(() => {
      if (isShown()) void this.session.refresh();
    }, listeners.signal);
    onHashChange(() => {
      // Another tab's address says nothing about where we are.
      if (isShown() && readHash().startsWith("#modetrace")) {
        // What was not written yet is no more where we are.
        if (this.hashTimer !== null) clearTimeout(this.hashTimer);
        this.hashTimer = null;
        this.url = parseHash(readHash());
        this.restored = true;
      }
      this.session.want(this.url.run);
    }, listeners.signal);
    document.addEventListener("keydown", this.onKey, { signal: listeners.signal });
    this.addEventListener(NavigateEvent.type, this.onNavigate);
    this.addEventListener(ShowSourceEvent.type, this.onShowSource);
    this.addEventListener(PictureEvent.type, this.onPicture);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const cleanup of this.cleanups) cleanup();
    this.removeEventListener(NavigateEvent.type, this.onNavigate);
    this.removeEventListener(ShowSourceEvent.type, this.onShowSource);
    this.removeEventListener(PictureEvent.type, this.onPicture);
  }

  protected override willUpdate(): void {
    if (this.url.view !== "timeline") this.session.pictureIsThere();
    if (!this.visited.has(this.url.view)) this.visited = new Set([...this.visited, this.url.view]);
  }

  override render(): TemplateResult {
    const { runs, run } = this.session;
    return html`
      <header class=${this.views.includes("compare") ? "compared" : (runs?.runs.length ?? 0) > 1 ? "several" : ""}>
        <h1>Mode Trace</h1>
        ${this.renderRunPicker()} ${run ? this.renderTabs() : nothing} ${run ? this.renderState() : nothing}
      </header>
      <main aria-label="Mode Trace">
        ${this.renderNotices()}
        ${
          run
            ? panels({
                api: this.api,
                run,
                runs: runs?.runs ?? [],
                report: this.session.report,
                failed: this.session.reportError !== null,
                url: this.url,
                restored: this.restored,
                theme: this.theme,
                visited: this.visited,
              })
            : runs === null
              ? this.session.runsError === null
                ? loading("Looking for recordings…")
                : nothing
              : runs.indexing
                ? loading("Reading the recordings…")
                : html`<mt-empty-view class="panel" .logdir=${runs.logdir}></mt-empty-view>`
        }
      </main>
      <mt-source-panel .api=${this.api}></mt-source-panel>
      <mt-key-help></mt-key-help>
    `;
  }

  private renderRunPicker(): TemplateResult | typeof nothing {
    const runs = this.session.runs?.runs ?? [];
    const selected = this.session.run?.run ?? null;
    if (selected === null) return nothing;
    const others = runs.filter(({ run }) => run !== selected);
    return html`<div class="run">
      <span aria-hidden="true">Run</span>
      <mt-run-picker
        label="Run"
        .runs=${runs}
        .selected=${selected}
        @mt-choose-run=${({ run }: ChooseRunEvent) => {
          // A run is not compared with itself: whoever chooses the other one turns them round.
          const compare = run === this.url.compare ? selected : this.url.compare;
          this.navigate({ run, compare, window: null, range: null, call: null, trace: null, ops: [] });
        }}
      ></mt-run-picker>
      ${
        others.length === 0 && this.url.compare === null
          ? nothing
          : html`<mt-run-picker
              label="Compare with"
              placeholder="Compare with …"
              testId="compare-picker"
              clearable
              .runs=${others}
              .selected=${this.url.compare}
              @mt-choose-run=${({ run }: ChooseRunEvent) => {
                const view = run !== null ? "compare" : this.url.view === "compare" ? "overview" : this.url.view;
                // What is compared stays the same when another recording begins.
                this.navigate({ compare: run, view, run: selected });
              }}
            ></mt-run-picker>`
      }
    </div>`;
  }

  /** The views that there is something to show in. */
  private get views(): readonly View[] {
    return VIEWS.filter((view) => view !== "compare" || this.url.compare !== null || this.url.view === "compare");
  }

  private renderTabs(): TemplateResult {
    return html`<div class="tabs" role="tablist" aria-label="Views" @keydown=${this.onTabKey}>
      ${this.views.map(
        (view) =>
          html`<button
            type="button"
            role="tab"
            id="tab-${view}"
            data-testid="tab-${view}"
            aria-selected=${view === this.url.view ? "true" : "false"}
            aria-controls="panel-${view}"
            tabindex=${view === this.url.view ? 0 : -1}
            @click=${() => {
              this.navigate({ view });
            }}
          >
            ${LABELS[view]}${this.renderHeld(view)}
          </button>`,
      )}
    </div>`;
  }

  /** How much there is to see in a view. */
  private renderHeld(view: View): TemplateResult | typeof nothing {
    const summary = this.session.report?.summary;
    const held = { traces: summary?.traces, errors: summary?.failures }[view as string] ?? 0;
    if (held === 0) return nothing;
    return html`<span class="held ${view}" data-testid="held-${view}">${formatCount(held)}</span>`;
  }

  private renderState(): TemplateResult {
    const run = this.session.run;
    const recording = run?.state ?? "recording";
    const dropped = run?.dropped ?? 0;
    return html`<div class="state">
      ${
        dropped > 0
          ? html`<span
            class="chip error"
            data-testid="dropped"
            title=${run?.dropped_text ?? ""}
            >${plural(dropped, "call")} dropped</span
          >`
          : nothing
      }
      <span
        class=${recording}
        data-testid="recording-state"
        data-complete=${String(recording === "complete")}
        data-state=${recording}
        title=${RECORDING_TITLES[recording]}
        ><span class="dot" aria-hidden="true"></span>${recordingText(recording, run?.last_written_unix_ns ?? null)}</span
      >
      <button
        type="button"
        class="button"
        aria-label="Keys"
        title="Keys (?)"
        data-testid="key-help"
        @click=${() => {
          this.keyHelp.show();
        }}
      >
        ?
      </button>
    </div>`;
  }

  private renderNotices(): TemplateResult {
    const { runs, runsError, reportError, report, run } = this.session;
    const warnings = [...new Set([...(runs?.warnings ?? []), ...(report?.warnings ?? [])])];
    const missing = this.url.run !== null && run !== null && run.run !== this.url.run;
    return html`
      ${[...new Set([runsError, reportError])].map((error) =>
        error === null ? nothing : html`<p class="notice error" role="alert" data-testid="error">${error}</p>`,
      )}
      ${
        missing
          ? html`<p class="notice warning">
            There is no run “${this.url.run}” here, so this is “${run.run}”. Choose another one above.
          </p>`
          : nothing
      }
      ${
        warnings.length === 0
          ? nothing
          : html`<details class="notice warning" data-testid="warnings" ?open=${warnings.length <= 2}>
            <summary>${plural(warnings.length, "warning")} from reading the recordings</summary>
            <ul>
              ${warnings.map((warning) => html`<li>${warning}</li>`)}
            </ul>
          </details>`
      }
    `;
  }

  private readonly onNavigate = (event: NavigateEvent): void => {
    this.navigate(event.change);
  };

  private readonly onPicture = (): void => {
    this.session.pictureIsThere();
  };

  private readonly onShowSource = (event: ShowSourceEvent): void => {
    const { run } = this.session;
    if (run) void this.sourcePanel.show(run.run, event.info);
  };

  private navigate(change: Partial<UrlState>): void {
    const before = this.url;
    let after = { ...before, ...change };
    if (after.view !== before.view) {
      this.filters.set(before.view, before.filter);
      // What is jumped to is there to be seen.
      const typed = after.trace === before.trace ? this.filters.get(after.view) : "";
      after = { ...after, filter: change.filter ?? typed ?? "" };
    }
    const step = isStep(before, after);
    if (step) this.writeAddress("replace"); // where we have been is where the back button goes
    this.url = after;
    this.restored = false;
    this.session.want(this.url.run);
    if (step) this.writeAddress("push");
    // Zooming changes the address many times a second; browsers refuse more than a few.
    else
      this.hashTimer ??= setTimeout(() => {
        this.writeAddress("replace");
      }, 200);
  }

  private writeAddress(entry: "push" | "replace"): void {
    if (this.hashTimer !== null) clearTimeout(this.hashTimer);
    this.hashTimer = null;
    if (isShown()) writeAddress({ ...this.url, run: this.url.run ?? this.session.run?.run ?? null }, entry);
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const [target] = event.composedPath();
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
    if (event.key === "?") this.keyHelp.show();
    else if (event.key === "/") this.focusSearch();
    else return;
    event.preventDefault();
  };

  /** Puts the cursor into the search of the view that is shown, if it has one. */
  private focusSearch(): void {
    const view = this.renderRoot.querySelector(`#panel-${this.url.view}`)?.firstElementChild;
    view?.shadowRoot?.querySelector<HTMLInputElement>("input[type=search]")?.focus();
  }

  private readonly onTabKey = (event: KeyboardEvent): void => {
    const { views } = this;
    const index = views.indexOf(this.url.view);
    const next = {
      ArrowRight: (index + 1) % views.length,
      ArrowLeft: (index + views.length - 1) % views.length,
      Home: 0,
      End: views.length - 1,
    }[event.key];
    const view = next === undefined ? undefined : views[next];
    if (!view) return;
    event.preventDefault();
    this.navigate({ view });
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`#tab-${view}`)?.focus());
  };
}
