import { css } from "lit";

export const memoryStyles = css`
  :host {
    display: block;
    height: 100%;
    overflow: auto;
  }
  section {
    padding: 14px 16px 6px;
  }
  h2 {
    margin-bottom: 6px;
  }
  .wide {
    overflow-x: auto;
  }
  table {
    border-collapse: collapse;
  }
  th,
  td {
    padding: 3px 16px 3px 0;
    text-align: start;
    vertical-align: baseline;
  }
  td.number {
    white-space: nowrap;
  }
  td:first-child {
    overflow-wrap: anywhere;
  }
  thead th {
    color: var(--text-quiet);
    font-weight: 400;
    white-space: nowrap;
  }
  tbody tr {
    border-top: 1px solid var(--border);
  }
  th.number,
  td.number {
    text-align: end;
  }
  code {
    font-family: var(--mono);
    font-size: 12px;
  }
`;
