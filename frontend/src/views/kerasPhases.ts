import { css, html, nothing, type TemplateResult } from "lit";
import type { RunReport } from "../api/types";
import { formatCount, formatShare } from "../lib/text";
import { formatDuration } from "../lib/time";

type KerasCall = RunReport["keras_phases"][number];

const SHOWN_CALLS = 6;

export const kerasPhasesStyles = css`
  .keras {
    padding: 12px 16px 0;
  }
  .keras table {
    width: auto;
  }
  .keras td.number,
  .keras th.number {
    text-align: right;
  }
`;

/** What Keras's fit, evaluate and predict did with their time. */
export function kerasPhases(report: RunReport): TemplateResult | typeof nothing {
  const calls = report.keras_phases.slice(0, SHOWN_CALLS);
  if (calls.length === 0) return nothing;
  const told = new Set(calls.map(({ text }) => text));
  const slow = (report.summary.first_lines?.keras ?? []).filter((line) => !told.has(line));
  return html`<section class="keras" aria-labelledby="keras-heading" data-testid="keras-phases">
    <h2 id="keras-heading">Keras</h2>
    ${calls.map(callDetails)} ${slow.map((line) => html`<p>${line}</p>`)}
  </section>`;
}

function callDetails(call: KerasCall): TemplateResult {
  return html`<details data-testid="keras-call">
    <summary>${call.within === null ? nothing : html`<span class="quiet">in ${call.within}: </span>`}${call.text}</summary>
    <table aria-label=${`What ${call.entry} of ${call.model} did`}>
      <thead>
        <tr>
          <th scope="col">Phase</th>
          <th scope="col" class="number">Time</th>
          <th scope="col" class="number">Share</th>
          <th scope="col" class="number">Times</th>
          <th scope="col" class="number">Longest</th>
          <th scope="col">How known</th>
        </tr>
      </thead>
      <tbody>
        ${call.phases.map(
          (phase) => html`<tr>
            <td>${phase.name}</td>
            <td class="number">${formatDuration(phase.ns)}</td>
            <td class="number">${formatShare(phase.share)}</td>
            <td class="number">${phase.count > 0 ? formatCount(phase.count) : nothing}</td>
            <td class="number">${phase.longest_ns === null ? nothing : formatDuration(phase.longest_ns)}</td>
            <td>${phase.how}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}
