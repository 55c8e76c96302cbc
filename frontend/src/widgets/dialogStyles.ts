import { css } from "lit";

/** The frame of a dialog over the page; each says how wide and how high it may become. */
export const dialogStyles = css`
  dialog {
    max-width: none;
    padding: 0;
    overflow: hidden;
    border: 1px solid var(--border-strong);
    border-radius: 6px;
    background: var(--bg);
    color: var(--text);
  }
  dialog[open] {
    display: flex;
    flex-direction: column;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }
  .head {
    gap: 4px 16px;
    align-items: center;
    padding: 10px 16px;
    border-bottom: 1px solid var(--border);
    background: var(--bg-raised);
  }
`;
