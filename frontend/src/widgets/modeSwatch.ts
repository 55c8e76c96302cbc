import { css, html, nothing, type TemplateResult } from "lit";
import { MODES, type CallCounts, type Mode, type Times } from "../api/types";
import type { Fill } from "../lib/budget";
import { MODE_STYLES, PATTERN_STRENGTH, type Pattern } from "../lib/modes";
import { PART_STYLES, partsOf, type SliceStyle } from "../lib/parts";
import { formatCount, formatShare } from "../lib/text";
import { formatDuration } from "../lib/time";

const INK = `rgb(0 0 0 / ${PATTERN_STRENGTH})`;

/** The patterns of the timeline as CSS backgrounds. */
const BACKGROUNDS: Readonly<Record<Pattern, string>> = {
  solid: "none",
  diagonal: `repeating-linear-gradient(-45deg, ${INK} 0 1.5px, transparent 1.5px 5.7px)`,
  dots: `radial-gradient(circle, ${INK} 1.3px, transparent 1.6px) 0 0 / 6px 6px`,
  bars: `repeating-linear-gradient(0deg, ${INK} 0 1.5px, transparent 1.5px 6px)`,
  hatch: `repeating-linear-gradient(45deg, ${INK} 0 1px, transparent 1px 5.7px), repeating-linear-gradient(-45deg, ${INK} 0 1px, transparent 1px 5.7px)`,
};

/** How something is filled, as a CSS declaration. */
export function background(style: Fill): string {
  const pattern = BACKGROUNDS[style.pattern];
  const colour = `light-dark(${style.light}, ${style.dark})`;
  return pattern === "none" ? `background:${colour}` : `background:${pattern}, ${colour}`;
}

export const modeStyles = css`
  .swatch {
    display: inline-block;
    flex: none;
    width: 14px;
    height: 14px;
    border: 1px solid var(--border-strong);
    border-radius: 2px;
    align-self: center;
  }
  .mode {
    display: inline-flex;
    align-items: baseline;
    gap: 5px;
    white-space: nowrap;
  }
  .bar {
    display: flex;
    height: 10px;
    overflow: hidden;
    border-radius: 2px;
    background: var(--bg-hover);
  }
  .bar > span {
    min-width: 2px;
  }
`;

export function modeLabel(style: SliceStyle): TemplateResult {
  return html`<span class="mode" title=${style.meaning}
    ><span class="swatch" style=${background(style)} aria-hidden="true"></span>${style.label}</span
  >`;
}

/** A bar of calls by mode; the numbers beside it say the same, so it is hidden from screen readers. */
export function modeBar(calls: CallCounts, shares: Readonly<Record<Mode, number>>): TemplateResult | typeof nothing {
  if (calls.total <= 0) return nothing;
  return html`<div class="bar" aria-hidden="true">
    ${MODES.map((mode) => {
      const count = calls[mode];
      if (count === 0) return nothing;
      return html`<span
        style="flex:${count};${background(MODE_STYLES[mode])}"
        title="${mode}: ${formatCount(count)} (${formatShare(shares[mode])})"
      ></span>`;
    })}
  </div>`;
}

/** A bar of where time went; the numbers beside it say the same, so it is hidden from screen readers. */
export function partsBar(times: Times): TemplateResult | typeof nothing {
  const parts = partsOf(times);
  if (parts.length === 0) return nothing;
  return html`<div class="bar" aria-hidden="true">
    ${parts.map(
      ({ part, ns, share }) =>
        html`<span
          style="flex:${share};${background(PART_STYLES[part])}"
          title="${PART_STYLES[part].label}: ${formatDuration(ns)} (${formatShare(share)})"
        ></span>`,
    )}
  </div>`;
}

/** The same in words, the longest first. */
export function partsText(times: Times): string {
  const parts = [...partsOf(times)].sort((one, other) => other.ns - one.ns);
  return parts.map(({ part, share }) => `${PART_STYLES[part].label} ${formatShare(share)}`).join(", ");
}
