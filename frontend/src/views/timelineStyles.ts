import { css } from "lit";

export const timelineStyles = css`
  :host {
    --gutter: 148px;
    display: flex;
    flex-direction: column;
    height: 100%;
  }
  .toolbar {
    padding: 8px 16px;
    border-bottom: 1px solid var(--border);
  }
  .toolbar input {
    width: 200px;
  }
  .zoom {
    display: flex;
    gap: 4px;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
    margin: 0;
    padding: 0;
    list-style: none;
    font-size: 12px;
  }
  .legend li {
    display: inline-flex;
    align-items: center;
    gap: 5px;
  }
  .stretch {
    width: 14px;
    height: 4px;
    background: var(--profiled);
  }
  .triangle {
    width: 9px;
    height: 8px;
    background: #141414;
    clip-path: polygon(0 0, 100% 0, 50% 100%);
  }
  :host([theme="dark"]) .triangle {
    background: #ffffff;
  }
  .triangle.up {
    background: var(--error-text) !important;
    clip-path: polygon(50% 0, 100% 100%, 0 100%);
  }
  .axis {
    position: relative;
    flex: none;
    height: 24px;
    overflow: hidden;
    border-bottom: 1px solid var(--border);
    background: var(--bg-raised);
    font-size: 11px;
    font-variant-numeric: tabular-nums;
  }
  .axis .base {
    position: absolute;
    inset-inline-start: 8px;
    top: 3px;
    width: calc(var(--gutter) - 12px);
  }
  mt-minimap {
    margin-inline-start: var(--gutter);
    border-inline-start: 1px solid var(--border);
  }
  .jump {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    font-size: 12px;
    font-variant-numeric: tabular-nums;
  }
  .jump .button {
    min-width: 24px;
    min-height: 24px;
    padding: 0 6px;
  }
  .axis .ticks {
    cursor: col-resize;
    touch-action: none;
    user-select: none;
    position: absolute;
    inset: 0 0 0 var(--gutter);
    overflow: hidden;
  }
  .marks {
    display: block;
    width: 100%;
    height: 100%;
  }
  .scroller {
    position: relative;
    flex: 1;
    min-height: 120px;
    overflow: hidden auto;
  }
  .content {
    display: flex;
    min-height: 100%;
  }
  .gutter {
    position: relative;
    flex: none;
    width: var(--gutter);
    border-inline-end: 1px solid var(--border);
  }
  .lane {
    position: absolute;
    inset-inline: 0;
    padding: 6px 8px;
    overflow: hidden;
    border-bottom: 1px solid var(--border);
    font-size: 12px;
    line-height: 1.3;
  }
  .lane.ops {
    padding: 4px 8px 4px 18px;
    border-bottom-style: dotted;
    background: var(--bg-raised);
    color: var(--text-quiet);
    font-size: 11px;
  }
  .fold {
    padding: 0;
    font-size: 12px;
  }
  .profiled {
    position: absolute;
    top: 0;
    height: 4px;
    background: var(--profiled);
  }
  .surface {
    position: sticky;
    top: 0;
    flex: 1;
    min-width: 0;
    overflow: hidden;
    cursor: grab;
    touch-action: pan-y;
    user-select: none;
  }
  .surface:active {
    cursor: grabbing;
  }
  .surface:focus-visible {
    outline-offset: -2px;
  }
  .surface canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .tooltip {
    position: fixed;
    z-index: 5;
    max-width: min(420px, 90vw);
    padding: 5px 9px;
    border: 1px solid var(--border-strong);
    border-radius: 4px;
    background: var(--bg);
    box-shadow: 0 2px 8px rgb(0 0 0 / 25%);
    font-size: 12px;
    pointer-events: none;
  }
  .tooltip b {
    overflow-wrap: anywhere;
  }
  .keys {
    padding: 3px 16px;
    border-top: 1px solid var(--border);
    color: var(--text-quiet);
    font-size: 11px;
  }
  .progress {
    min-width: 8ch;
    font-size: 12px;
  }
  @media (max-width: 760px) {
    :host {
      --gutter: 96px;
    }
    .keys {
      display: none;
    }
  }
`;
