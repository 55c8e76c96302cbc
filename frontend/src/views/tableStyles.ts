import { css } from "lit";

/** Tables of figures below headings: quiet heads, thin lines, numbers at the end. What is too wide scrolls by itself. */
export const tableStyles = css`
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
  th.number,
  td.number {
    text-align: end;
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
  tbody th {
    font-weight: 400;
  }
  tbody tr {
    border-top: 1px solid var(--border);
  }
`;

/** A view of such tables that scrolls as a whole. */
export const tablesViewStyles = css`
  :host {
    display: block;
    height: 100%;
    overflow: auto;
  }
  section {
    padding: 14px 16px 6px;
  }
`;
