import { css } from "lit";

export const placementStyles = css`
  :host {
    display: block;
    height: 100%;
    overflow: auto;
  }
  section {
    padding: 14px 16px 6px;
  }
  section > p {
    margin: 4px 0;
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
  .matrix td.ops {
    position: relative;
    min-width: 110px;
    padding: 3px 10px;
    text-align: end;
  }
  .matrix .share {
    position: absolute;
    inset: 3px auto 3px 0;
    background: var(--accent);
    opacity: 0.3;
  }
  .matrix .share + span {
    position: relative;
  }
  svg {
    display: block;
    max-width: 100%;
    height: auto;
  }
  svg .node rect {
    fill: var(--bg-raised);
    stroke: var(--border-strong);
  }
  svg text {
    fill: var(--text);
    font: 12px var(--font);
    text-anchor: middle;
  }
  svg .label {
    paint-order: stroke;
    stroke: var(--bg);
    stroke-width: 4px;
  }
  svg .arrow {
    fill: none;
    stroke: var(--accent);
  }
  svg marker path {
    fill: var(--accent);
  }
`;
