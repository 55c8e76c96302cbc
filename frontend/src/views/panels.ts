import { html, nothing, type TemplateResult } from "lit";
import type { ApiClient } from "../api/client";
import type { RunInfo, RunReport } from "../api/types";
import type { Theme } from "../lib/modes";
import { formatCount } from "../lib/text";
import type { UrlState, View } from "../lib/urlState";
import "./compareView";
import "./errorsView";
import "./graphsView";
import "./memoryView";
import "./overviewView";
import "./placementView";
import "./timeView";
import "./timelineView";
import "./tracesView";

/** What the views show. */
export interface Shown {
  readonly api: ApiClient;
  readonly run: RunInfo;
  readonly runs: readonly RunInfo[];
  /** null while it is loaded, or could not be. */
  readonly report: RunReport | null;
  readonly failed: boolean;
  readonly url: UrlState;
  /** Whether the address says where we are, rather than a click on the page. */
  readonly restored: boolean;
  readonly theme: Theme;
  readonly visited: ReadonlySet<View>;
}

/** All views that somebody has been to; only the one that is looked at is shown. */
export function panels(shown: Shown): TemplateResult {
  const { api, report, run, url, visited } = shown;
  const panel = (view: View, content: TemplateResult) =>
    html`<div
        class="panel"
        role="tabpanel"
        id="panel-${view}"
        aria-labelledby="tab-${view}"
        ?hidden=${view !== url.view}
      >
        ${visited.has(view) ? content : nothing}
      </div>`;
  const waiting = shown.failed ? html`` : loading("Loading the report…");
  return html`
      ${panel(
        "overview",
        report ? html`<mt-overview-view .report=${report} .filter=${url.filter}></mt-overview-view>` : waiting,
      )}
      ${panel(
        "timeline",
        html`<mt-timeline-view
          .api=${api}
          .run=${run.run}
          .revision=${run.revision}
          .report=${report}
          .theme=${shown.theme}
          .active=${url.view === "timeline"}
          .url=${url}
          .restored=${shown.restored}
        ></mt-timeline-view>`,
      )}
      ${panel(
        "time",
        html`<mt-time-view
          .api=${api}
          .report=${report}
          .run=${run.run}
          .revision=${run.revision}
          .filter=${url.filter}
          .range=${url.range}
          .active=${url.view === "time"}
        ></mt-time-view>`,
      )}
      ${panel(
        "traces",
        report
          ? html`<mt-traces-view
              .report=${report}
              .filter=${url.filter}
              .selectedTrace=${url.trace}
            ></mt-traces-view>`
          : waiting,
      )}
      ${panel(
        "errors",
        report ? html`<mt-errors-view .report=${report} .filter=${url.filter}></mt-errors-view>` : waiting,
      )}
      ${panel(
        "graphs",
        report
          ? html`<mt-graphs-view
              .api=${api}
              .report=${report}
              .run=${run.run}
              .revision=${run.revision}
              .filter=${url.filter}
              .selectedTrace=${url.trace}
            ></mt-graphs-view>`
          : waiting,
      )}
      ${panel(
        "placement",
        html`<mt-placement-view
          .api=${api}
          .run=${run.run}
          .revision=${run.revision}
          .active=${url.view === "placement"}
        ></mt-placement-view>`,
      )}
      ${panel(
        "memory",
        html`<mt-memory-view
          .api=${api}
          .report=${report}
          .run=${run.run}
          .revision=${run.revision}
          .active=${url.view === "memory"}
        ></mt-memory-view>`,
      )}
      ${panel("compare", compare(shown))}
      ${report ? html`<span class="visually-hidden">${formatCount(report.functions.length)} functions loaded</span>` : nothing}
    `;
}

function compare({ api, run, runs, url }: Shown): TemplateResult {
  const a = url.compare;
  if (a === null) return html`<p class="loading quiet">Choose a run to compare with above.</p>`;
  const revision = runs.find((other) => other.run === a)?.revision ?? "";
  return html`<mt-compare-view
      .api=${api}
      .a=${a}
      .b=${run.run}
      .revisions=${`${revision} ${run.revision}`}
      .active=${url.view === "compare"}
    ></mt-compare-view>`;
}

/** Says what is waited for. */
export function loading(text: string): TemplateResult {
  return html`<p class="loading quiet" role="status" data-testid="loading">${text}</p>`;
}
