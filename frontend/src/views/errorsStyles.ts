import { css } from "lit";

export const errorsStyles = css`
  .failure {
    padding: 14px 16px 16px;
    border-bottom: 1px solid var(--border);
    box-shadow: inset 6px 0 0 var(--error-text);
  }
  .failure.unclassified {
    box-shadow: inset 6px 0 0 var(--border-strong);
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 4px 12px;
  }
  .head h2 {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 4px 16px;
    margin: 4px 0 10px;
    color: var(--text-quiet);
  }
  .source {
    margin: 0 0 10px;
    padding: 8px 12px;
    overflow-x: auto;
    border: 1px solid var(--border);
    border-radius: 4px;
    background: var(--bg-raised);
    font: 12px/1.6 var(--mono);
  }
  .source .where {
    color: var(--text-quiet);
  }
  .source .code {
    white-space: pre;
  }
  .source .number {
    display: inline-block;
    min-width: 4ch;
    margin-inline-end: 12px;
    color: var(--text-quiet);
    text-align: end;
  }
  .told {
    max-width: 110ch;
    margin: 0 0 8px;
  }
  dl {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 3px 16px;
    margin: 0 0 10px;
  }
  dt {
    color: var(--text-quiet);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  h3 {
    margin: 0 0 4px;
  }
  mt-code-block {
    max-width: 120ch;
    margin-bottom: 10px;
  }
  summary {
    padding: 2px 0;
    color: var(--text-quiet);
    cursor: pointer;
  }
  details > div,
  details > ol {
    margin: 4px 0 8px;
  }
  .stack {
    padding: 0;
    list-style: none;
    font: 12px/1.6 var(--mono);
  }
  .stack li {
    overflow-wrap: anywhere;
  }
  .stack .code {
    padding-inline-start: 2ch;
  }
  .stack .folded {
    padding-inline-start: 2ch;
    color: var(--text-quiet);
  }
  .message {
    max-height: 24em;
    overflow: auto;
    padding: 8px 12px;
    border: 1px solid var(--border);
    border-radius: 4px;
    background: var(--bg-raised);
    font: 12px/1.5 var(--mono);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .more {
    padding: 10px 16px;
  }
  @media (max-width: 760px) {
    dl {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;
