import { css } from "lit";

export const tracesStyles = css`
  .function {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 4px 12px;
    padding: 16px 16px 5px;
    border-bottom: 1px solid var(--border);
  }
  .function h2 {
    min-width: 8ch;
  }
  .causes {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 16px;
  }
  .found {
    flex: 1 0 100%;
    min-width: 0;
    margin: 6px 0;
    padding: 8px 12px;
    border: 1px solid var(--border);
    border-radius: 4px;
    box-sizing: border-box;
  }
  .found h2 {
    margin: 0;
  }
  .counts {
    display: flex;
    gap: 6px;
    flex: none;
  }
  .trace {
    padding: 6px 16px 7px;
    border-bottom: 1px solid var(--border);
  }
  .trace.retrace {
    box-shadow: inset 6px 0 0 var(--accent);
  }
  .trace.error {
    box-shadow: inset 6px 0 0 var(--error-text);
  }
  .trace.selected {
    background: var(--bg-selected);
  }
  .line {
    display: flex;
    align-items: baseline;
    gap: 10px;
    min-height: 24px;
  }
  .first .summary {
    color: var(--text-quiet);
  }
  .retrace .summary {
    font-weight: 600;
  }
  .summary {
    flex: 1;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .message {
    max-height: 9em;
    overflow: auto;
    white-space: pre-wrap;
  }
  .ordinal {
    flex: none;
    min-width: 3ch;
  }
  .kinds {
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
    max-width: 34%;
  }
  .time {
    flex: none;
    min-width: 70px;
    white-space: nowrap;
  }
  .show {
    flex: none;
    min-width: 88px;
    text-align: end;
  }
  .mark {
    flex: none;
    width: 24px;
    color: var(--error-text);
    text-align: center;
  }
  .indent {
    padding: 4px 0 4px 34px;
    overflow-x: auto;
  }
  .fix h3 {
    margin-bottom: 4px;
  }
  .details dl {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 4px 16px;
    padding-top: 4px;
  }
  .details dt {
    color: var(--text-quiet);
  }
  .details dd {
    overflow-wrap: anywhere;
  }
  .details ul {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  @media (max-width: 760px) {
    .line {
      flex-wrap: wrap;
    }
    .summary {
      flex-basis: 100%;
      order: 1;
    }
    .kinds {
      max-width: none;
    }
    .indent {
      padding-inline-start: 10px;
    }
  }
`;
