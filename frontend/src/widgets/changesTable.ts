import { css, html, nothing, type TemplateResult } from "lit";
import type { Reason } from "../api/types";
import { diffTokens, type DiffPart } from "../lib/diff";
import { plural } from "../lib/text";
import { MISSING } from "../lib/time";

export const changesStyles = css`
  .changes {
    border-collapse: collapse;
    font-size: 12px;
  }
  .changes th {
    padding: 2px 14px 2px 0;
    color: var(--text-quiet);
    font-weight: 400;
    text-align: start;
    white-space: nowrap;
  }
  .changes td {
    padding: 2px 14px 2px 0;
    vertical-align: top;
  }
  .changes code {
    font-family: var(--mono);
    overflow-wrap: anywhere;
  }
  .changes del,
  .changes ins {
    padding: 1px 0;
    border-radius: 2px;
    text-decoration: none;
  }
  .changes del {
    background: var(--removed-bg);
  }
  .changes ins {
    background: var(--added-bg);
  }
`;

/** Every change of a reason: where, before and after, with what differs marked. */
export function changesTable({ changes, more_changes }: Pick<Reason, "changes" | "more_changes">): TemplateResult {
  return html`<table class="changes" data-testid="changes">
    <thead>
      <tr>
        <th scope="col">Argument</th>
        <th scope="col">Before</th>
        <th scope="col">After</th>
        <th scope="col">Kind of change</th>
      </tr>
    </thead>
    <tbody>
      ${changes.map((change) => {
        const diff = diffTokens(change.before, change.after);
        return html`<tr data-testid="change">
          <td><code>${change.path === "" ? MISSING : change.path}</code></td>
          <td><code>${parts(diff.before, "before")}</code></td>
          <td><code>${parts(diff.after, "after")}</code></td>
          <td class="quiet">${change.kind}</td>
        </tr>`;
      })}
      ${
        more_changes === 0
          ? nothing
          : html`<tr>
            <td colspan="4" class="quiet" data-testid="more-changes">${plural(more_changes, "change")} more</td>
          </tr>`
      }
    </tbody>
  </table>`;
}

function parts(diff: readonly DiffPart[], side: "before" | "after"): readonly (TemplateResult | string)[] {
  return diff.map(({ text, changed }) => {
    if (!changed) return text;
    return side === "before" ? html`<del>${text}</del>` : html`<ins>${text}</ins>`;
  });
}
