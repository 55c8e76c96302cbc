import { css } from "lit";

export const placementStyles = css`
  section > p {
    margin: 4px 0;
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
