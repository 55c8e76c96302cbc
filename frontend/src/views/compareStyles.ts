import { css } from "lit";

export const compareStyles = css`
  :host {
    display: block;
    height: 100%;
  }
  .scroller {
    height: 100%;
    padding: 4px 16px 24px;
    overflow: auto;
  }
  .scroller:focus-visible {
    outline-offset: -2px;
  }
  .loading {
    padding: 40px 16px;
    text-align: center;
  }
  section {
    margin-top: 14px;
  }
  h2 {
    overflow-wrap: anywhere;
  }
  h2 .quiet {
    font-size: 13px;
    font-weight: 400;
  }
  .side {
    display: inline-block;
    min-width: 20px;
    padding: 0 5px;
    border: 1px solid var(--border-strong);
    border-radius: 4px;
    font-weight: 600;
    text-align: center;
  }
  h2 .side + .side {
    margin-inline-start: 12px;
  }
  .answer ul {
    max-width: 110ch;
    margin: 4px 0 0;
    padding-inline-start: 20px;
  }
  th,
  td {
    vertical-align: top;
  }
  thead th {
    white-space: normal;
  }
  .text {
    max-width: 44ch;
    overflow-wrap: anywhere;
  }
  .bars {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr) max-content;
    gap: 4px 10px;
    align-items: center;
    max-width: 1100px;
    margin-bottom: 8px;
  }
  .budget {
    display: flex;
    height: 22px;
    overflow: hidden;
    border-radius: 3px;
    background: var(--bg-raised);
  }
  .budget > span {
    position: relative;
    flex: none;
    min-width: 1px;
  }
  .sampled::after {
    position: absolute;
    inset: 0;
    background: repeating-linear-gradient(-60deg, var(--bg) 0 2px, transparent 2px 9px);
    content: "";
  }
  .swatch {
    display: inline-block;
    width: 12px;
    height: 12px;
    margin-inline-end: 4px;
    border: 1px solid var(--border-strong);
    border-radius: 2px;
  }
  .name {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .place {
    display: block;
    font-size: 12px;
    white-space: nowrap;
  }
  .times {
    min-width: 30ch;
  }
  .mode-name {
    color: var(--text-quiet);
  }
  .verdict {
    color: var(--text-quiet);
  }
  .verdict.slower {
    color: var(--error-text);
    font-weight: 600;
  }
  .verdict.faster {
    color: var(--profiled);
    font-weight: 600;
  }
  .findings {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .findings li {
    padding: 4px 0;
    overflow-wrap: anywhere;
  }
  .state.new {
    border-color: var(--error-text);
    background: var(--error-bg);
    color: var(--error-text);
  }
  .state.gone {
    background: var(--added-bg);
  }
  .notes p {
    max-width: 110ch;
    margin-bottom: 4px;
  }
`;
