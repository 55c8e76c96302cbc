import { css } from "lit";

export const definitionsStyles = css`
  :host {
    display: block;
  }
  h2 {
    margin: 12px 0 4px;
  }
  /* Not wider: an eye has to get from a name to its numbers. */
  table {
    width: 100%;
    max-width: 1200px;
    border-collapse: collapse;
  }
  th {
    font-weight: 600;
    text-align: start;
  }
  thead th {
    padding: 4px 8px;
    border-bottom: 1px solid var(--border-strong);
    color: var(--text-quiet);
    font-weight: 400;
    white-space: nowrap;
  }
  tbody > tr > * {
    padding: 2px 8px;
    border-bottom: 1px solid var(--border);
  }
  tbody > tr:hover > * {
    background: var(--bg-hover);
  }
  .number {
    text-align: end;
    white-space: nowrap;
  }
  /* What is left beside the numbers, however long the name is. */
  th[scope="row"] {
    width: 100%;
    max-width: 0;
    padding-inline-start: 0;
  }
  .name {
    display: flex;
    align-items: center;
    gap: 4px;
    min-width: 0;
  }
  .gauge {
    display: inline-flex;
    width: 180px;
    height: 10px;
    margin-inline-end: 6px;
    overflow: hidden;
    border-radius: 2px;
    background: var(--bg-hover);
  }
  .gauge > span {
    min-width: 1px;
  }
  @media (max-width: 1100px) {
    .gauge {
      width: 90px;
    }
  }
  .gauge + span {
    display: inline-block;
    min-width: 6ch;
  }
  .prominent {
    color: var(--accent-text);
  }
  .details > td {
    padding: 2px 8px 10px 28px;
    background: var(--bg-raised);
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 2px 16px;
    padding: 4px 0;
  }
  .facts .place {
    max-width: 60ch;
  }
  .members {
    width: auto;
  }
  .members th,
  .members td {
    padding: 1px 24px 1px 0;
    border: 0;
    overflow-wrap: anywhere;
  }
  .retraced {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .retraced li {
    display: flex;
    flex-wrap: wrap;
    gap: 0 12px;
    padding: 1px 0;
  }
  .retraced b {
    display: flex;
    min-width: 0;
    max-width: 48ch;
  }
  .retraced span {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .narrow {
    display: none;
  }
  /* What is left out where there is no room for it: first what only repeats a number, then the modes, which the details tell. */
  @media (max-width: 800px) {
    .gauge {
      display: none;
    }
    .gauge + span {
      min-width: 0;
    }
    thead th,
    tbody > tr > * {
      padding-inline: 6px;
    }
    .members th,
    .members td {
      padding-inline: 0 12px;
    }
  }
  @media (max-width: 700px) {
    .of-mode {
      display: none;
    }
    .narrow {
      display: inline;
    }
  }
`;
