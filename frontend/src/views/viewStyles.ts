import { css } from "lit";

/** What the views have in common: a bar of controls, rows of which only those on screen exist, and what opens one. */
export const viewStyles = css`
  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 6px 14px;
  }
  .toolbar input {
    width: min(320px, 100%);
  }
  .rows {
    position: relative;
  }
  .item {
    position: absolute;
    inset-inline: 0;
    top: 0;
  }
  .item.inside {
    padding-inline-start: 24px;
  }
  .expander {
    flex: none;
    width: 24px;
    height: 24px;
    padding: 0;
    border: 0;
    border-radius: 4px;
    background: none;
    cursor: pointer;
  }
  .expander:hover {
    background: var(--border);
  }
  .nothing {
    padding: 24px 16px;
  }
`;

/** A view that is one long list below its bar of controls. */
export const listStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100%;
  }
  .toolbar {
    padding: 10px 16px;
    border-bottom: 1px solid var(--border);
  }
  .scroller {
    flex: 1;
    min-height: 0;
    overflow: auto;
  }
  .scroller:focus-visible {
    outline-offset: -2px;
  }
`;
