import { css } from "lit";

/** The shell around the views. */
export const appStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100vh;
    overflow: hidden;
    background: var(--bg);
  }
  header {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 20px;
    padding: 6px 16px 0;
    border-bottom: 1px solid var(--border);
    background: var(--bg-raised);
  }
  h1 {
    margin: 0;
    font-size: 15px;
    font-weight: 600;
  }
  .run {
    display: flex;
    align-items: center;
    gap: 6px;
    min-width: 0;
  }
  .tabs {
    display: flex;
    flex-wrap: wrap;
    align-self: flex-end;
    gap: 4px;
  }
  .tabs button {
    padding: 8px 12px 7px;
    border: 0;
    border-bottom: 3px solid transparent;
    background: none;
    color: var(--text-quiet);
    cursor: pointer;
    white-space: nowrap;
  }
  /* Below the run and the state there is room for all views side by side. */
  @media (max-width: 1200px) {
    .tabs {
      order: 1;
      flex-basis: 100%;
    }
  }
  @media (max-width: 1439px) {
    header.several .tabs {
      order: 1;
      flex-basis: 100%;
    }
  }
  header.compared .tabs {
    order: 1;
    flex-basis: 100%;
  }
  @media (max-width: 700px) {
    .tabs {
      gap: 0;
    }
    .tabs button {
      padding-inline: 5px;
    }
  }
  .tabs button:hover {
    color: var(--text);
  }
  .tabs button[aria-selected="true"] {
    border-bottom-color: var(--accent);
    color: var(--text);
    font-weight: 600;
  }
  .held {
    margin-inline-start: 5px;
    padding: 0 6px;
    border-radius: 8px;
    background: var(--bg-hover);
    color: var(--text-quiet);
    font-size: 11px;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .held.errors {
    background: var(--error-bg);
    color: var(--error-text);
  }
  .state {
    display: flex;
    align-items: center;
    gap: 10px;
    margin-inline-start: auto;
    color: var(--text-quiet);
  }
  .dot {
    display: inline-block;
    width: 8px;
    height: 8px;
    margin-inline-end: 5px;
    border-radius: 50%;
    background: var(--border-strong);
  }
  .recording .dot {
    background: var(--accent);
    animation: pulse 1.6s infinite alternate;
  }
  @keyframes pulse {
    to {
      opacity: 0.35;
    }
  }
  main {
    flex: 1;
    min-height: 0;
    display: flex;
    flex-direction: column;
  }
  .panel {
    flex: 1;
    min-height: 0;
    overflow: hidden;
  }
  .loading {
    padding: 40px 16px;
    text-align: center;
  }
  details.notice summary {
    cursor: pointer;
  }
  details.notice ul {
    margin: 4px 0;
    padding-inline-start: 20px;
    max-height: 20vh;
    overflow: auto;
  }
`;
