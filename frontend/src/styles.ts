import { css } from "lit";

/** Colours of both themes, on the document; components only use the variables. Chosen for 4.5:1 contrast at least. */
export const documentStyles = css`
  :root {
    color-scheme: light;
    --bg: #ffffff;
    --bg-raised: #f6f7f8;
    --bg-hover: #eef2f6;
    --bg-selected: #e3effb;
    --border: #d5d9dd;
    --border-strong: #878e95;
    --text: #1f2328;
    --text-quiet: #59616a;
    --link: #0b5cad;
    --accent: #c24800;
    --profiled: #00695c;
    --accent-text: #a23a00;
    --accent-bg: #fdf0e7;
    --error-text: #b3001b;
    --error-bg: #fdebed;
    --warning-text: #7a4d00;
    --warning-bg: #fff6dd;
    --removed-bg: #ffdcd8;
    --added-bg: #c9f0d3;
    --focus: #0b5cad;
    --font: Roboto, system-ui, -apple-system, "Segoe UI", sans-serif;
    --mono: "Roboto Mono", ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  }
  :root[data-theme="dark"] {
    color-scheme: dark;
    --bg: #2b2b2b;
    --bg-raised: #353535;
    --bg-hover: #3d4043;
    --bg-selected: #34495e;
    --border: #4c4f52;
    --border-strong: #8f9499;
    --text: #ececec;
    --text-quiet: #b9bec4;
    --link: #8cc4ff;
    --accent: #ff9a57;
    --profiled: #80cbc4;
    --accent-text: #ffb27f;
    --accent-bg: #46362b;
    --error-text: #ffa7a7;
    --error-bg: #4a2c2e;
    --warning-text: #f2cf7e;
    --warning-bg: #453d27;
    --removed-bg: #7a3530;
    --added-bg: #235f36;
    --focus: #8cc4ff;
  }
  html,
  body {
    height: 100%;
    margin: 0;
    background: var(--bg);
    color: var(--text);
    font: 13px/1.45 var(--font);
  }
`;

/** What every component needs: controls, chips, code, focus. */
export const sharedStyles = css`
  :host {
    box-sizing: border-box;
    color: var(--text);
    font: 13px/1.45 var(--font);
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 1px;
  }
  h2,
  h3,
  p,
  dl,
  dd {
    margin: 0;
  }
  h2 {
    font-size: 15px;
    font-weight: 600;
  }
  h3 {
    font-size: 13px;
    font-weight: 600;
  }
  button,
  input,
  select {
    color: inherit;
    font: inherit;
  }
  .button {
    min-height: 28px;
    padding: 2px 10px;
    border: 1px solid var(--border-strong);
    border-radius: 4px;
    background: var(--bg);
    cursor: pointer;
  }
  .button:hover {
    background: var(--bg-hover);
  }
  .link {
    min-height: 24px;
    padding: 0 2px;
    border: 0;
    background: none;
    color: var(--link);
    cursor: pointer;
    text-align: start;
  }
  .link:hover {
    text-decoration: underline;
  }
  input[type="search"],
  select {
    min-height: 28px;
    padding: 2px 8px;
    border: 1px solid var(--border-strong);
    border-radius: 4px;
    background: var(--bg);
  }
  input[type="search"]::placeholder {
    color: var(--text-quiet);
    opacity: 1;
  }
  .quiet {
    color: var(--text-quiet);
  }
  .mono {
    font-family: var(--mono);
    font-size: 12px;
  }
  .number {
    font-variant-numeric: tabular-nums;
    text-align: end;
  }
  .chip {
    display: inline-block;
    padding: 0 7px;
    border: 1px solid var(--border-strong);
    border-radius: 9px;
    font-size: 11px;
    line-height: 17px;
    white-space: nowrap;
  }
  .chip.prominent {
    border-color: var(--accent);
    background: var(--accent-bg);
    color: var(--accent-text);
  }
  .chip.error {
    border-color: var(--error-text);
    background: var(--error-bg);
    color: var(--error-text);
  }
  .ellipsis {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .notice {
    padding: 6px 12px;
    border-inline-start: 3px solid currentcolor;
  }
  .notice.error {
    background: var(--error-bg);
    color: var(--error-text);
  }
  .notice.warning {
    background: var(--warning-bg);
    color: var(--warning-text);
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;
