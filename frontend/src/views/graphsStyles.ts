import { css } from "lit";

/** The list beside the details, or above them where there is little room. */
export const graphsLayout = css`
  :host {
    display: grid;
    grid-template-columns: minmax(320px, 2fr) minmax(0, 5fr);
    height: 100%;
  }
  .list {
    display: flex;
    flex-direction: column;
    min-height: 0;
    border-inline-end: 1px solid var(--border);
  }
  .details {
    min-width: 0;
    overflow: auto;
    padding: 14px 20px 24px;
  }
  .details:focus-visible {
    outline-offset: -2px;
  }
  @media (max-width: 1000px) {
    :host {
      grid-template: minmax(150px, 32%) minmax(0, 1fr) / minmax(0, 1fr);
    }
    .list {
      border-inline-end: 0;
      border-bottom: 1px solid var(--border-strong);
    }
  }
`;

export const graphsStyles = css`
  .toolbar {
    padding: 10px 16px;
    border-bottom: 1px solid var(--border);
  }
  .scroller {
    flex: 1;
    min-height: 0;
    overflow: auto;
  }
  .function {
    padding: 12px 16px 4px;
    font-weight: 600;
  }
  .definition {
    padding: 10px 16px 2px 8px;
    font-weight: 600;
  }
  .definition h2 {
    font-size: inherit;
  }
  .definition .quiet {
    font-weight: 400;
  }
  .trace {
    display: grid;
    grid-template-columns: 3ch minmax(0, 1fr) max-content;
    gap: 0 10px;
    width: 100%;
    min-height: 40px;
    padding: 4px 16px;
    border: 0;
    background: none;
    cursor: pointer;
    text-align: start;
  }
  .trace:hover {
    background: var(--bg-hover);
  }
  .trace[aria-current="true"] {
    background: var(--bg-selected);
    box-shadow: inset 4px 0 0 var(--accent);
  }
  .trace .facts {
    grid-column: 2 / -1;
  }
  h2 {
    overflow-wrap: anywhere;
  }
  h3 {
    margin: 18px 0 6px;
  }
  .links {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 16px;
    margin-top: 4px;
  }
  .numbers {
    display: flex;
    flex-wrap: wrap;
    gap: 8px 26px;
    margin-top: 12px;
  }
  .numbers dt {
    color: var(--text-quiet);
    font-size: 12px;
  }
  .numbers dd {
    font-variant-numeric: tabular-nums;
    font-weight: 600;
  }
  .io {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 4px 16px;
    margin-top: 10px;
  }
  .io dt {
    color: var(--text-quiet);
  }
  .io dd {
    overflow-wrap: anywhere;
  }
  .io ul {
    margin: 0;
    padding: 0;
    max-height: 9em;
    overflow: auto;
    list-style: none;
  }
  .lines {
    border: 1px solid var(--border);
    border-radius: 4px;
    overflow-x: auto;
  }
  .line {
    display: grid;
    grid-template-columns: 24px 5ch 150px minmax(30ch, 1fr);
    align-items: center;
    gap: 0 8px;
    min-height: 22px;
    padding-inline-end: 10px;
  }
  .line.made {
    background: var(--bg-raised);
  }
  .line .code {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: pre;
  }
  .line .at {
    color: var(--text-quiet);
    text-align: end;
  }
  .measure {
    display: flex;
    align-items: center;
    gap: 6px;
  }
  .measure .count {
    flex: none;
    min-width: 5ch;
  }
  .measure .bar {
    height: 9px;
    min-width: 2px;
    border-radius: 2px;
    background: var(--accent);
  }
  .through {
    padding: 4px 10px 8px calc(24px + 5ch + 16px);
    background: var(--bg-raised);
  }
  .through ul {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .through li {
    padding: 2px 0;
    overflow-wrap: anywhere;
  }
  .expander.small {
    width: 22px;
    height: 22px;
  }
  table {
    border-collapse: collapse;
  }
  th,
  td {
    padding: 2px 14px 2px 0;
    text-align: start;
    vertical-align: baseline;
  }
  th {
    color: var(--text-quiet);
    font-weight: 400;
  }
  td.number {
    text-align: end;
  }
  .types {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(240px, 1fr));
    gap: 2px 24px;
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .types li {
    display: flex;
    justify-content: space-between;
    gap: 8px;
    border-bottom: 1px solid var(--border);
  }
  @media (max-width: 1000px) {
    .line {
      grid-template-columns: 24px 5ch 110px minmax(30ch, 1fr);
    }
  }
`;
