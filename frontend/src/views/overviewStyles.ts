import { css } from "lit";

export const overviewStyles = css`
  :host {
    display: block;
    height: 100%;
  }
  .findings {
    padding: 12px 16px 0;
  }
  .definitions {
    padding: 12px 16px 0;
  }
  .definitions h2,
  .findings h2,
  .summary h2 {
    margin-bottom: 6px;
  }
  .scroller {
    position: relative;
    height: 100%;
    overflow: auto;
  }
  .summary {
    padding: 14px 16px 4px;
  }
  .summary dl {
    display: flex;
    flex-wrap: wrap;
    gap: 12px;
  }
  .card {
    flex: 1 1 120px;
    display: grid;
    align-content: start;
    gap: 4px;
    padding: 10px 14px;
    border: 1px solid var(--border);
    border-radius: 6px;
  }
  .card.wide {
    flex: 3 1 250px;
  }
  .card dt {
    color: var(--text-quiet);
  }
  .card dd {
    margin: 0;
  }
  .big {
    font-size: 22px;
    font-variant-numeric: tabular-nums;
    line-height: 1.2;
  }
  .modes {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 16px;
  }
  .prominent {
    color: var(--accent-text);
    font-weight: 600;
  }
  .errors {
    color: var(--error-text);
    font-weight: 600;
  }
  .split {
    height: 6px;
    margin-block: 3px;
  }
  .split .tracing {
    background: var(--accent);
  }
  .split .running {
    background: var(--border-strong);
  }
  .versions {
    display: flex;
    flex-wrap: wrap;
    gap: 0 16px;
    padding-top: 8px;
    font-size: 12px;
  }
  .toolbar {
    padding: 12px 16px 8px;
  }
  .table {
    min-width: 900px;
    border-top: 1px solid var(--border);
  }
  .row {
    display: grid;
    grid-template-columns: minmax(170px, 2fr) 104px minmax(180px, 1.6fr) 62px 62px 80px 80px 80px 122px;
    gap: 12px;
    align-items: center;
    padding: 0 16px;
  }
  .head {
    position: sticky;
    top: 0;
    z-index: 1;
    border-bottom: 1px solid var(--border);
    background: var(--bg-raised);
  }
  .head .row {
    min-height: 34px;
  }
  .sort {
    padding: 4px 0;
    border: 0;
    background: none;
    color: var(--text);
    font-weight: 600;
    cursor: pointer;
    white-space: nowrap;
  }
  .sort:hover {
    text-decoration: underline;
  }
  .arrow {
    display: inline-block;
    width: 12px;
    font-size: 9px;
    text-align: center;
  }
  .number .sort {
    margin-inline-end: -12px;
  }
  .item {
    border-bottom: 1px solid var(--border);
  }
  .row.body {
    min-height: 45px;
  }
  .row.body:hover {
    background: var(--bg-hover);
  }
  .name {
    display: flex;
    align-items: center;
    gap: 6px;
    min-width: 0;
  }
  .texts {
    display: grid;
    min-width: 0;
  }
  .title {
    font-weight: 600;
  }
  .texts .place {
    min-height: 18px;
    font-size: 11px;
  }
  .calls {
    display: grid;
    gap: 2px;
  }
  .numbers {
    font-size: 12px;
    font-variant-numeric: tabular-nums;
  }
  .open {
    display: flex;
    gap: 8px;
  }
  .signatures {
    padding: 2px 16px 10px 46px;
  }
  @media (max-width: 1000px) {
    .table {
      min-width: 862px;
    }
    .row {
      grid-template-columns: minmax(140px, 2fr) 84px minmax(130px, 1.2fr) 48px 48px 66px 66px 66px 108px;
      gap: 8px;
    }
  }
`;
