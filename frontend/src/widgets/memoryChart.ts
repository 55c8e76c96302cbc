import { LitElement, css, html, nothing, svg, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { byteTicks, formatBytes } from "../lib/bytes";
import { extentOf, indexAt, stepPath, xOf, yOf, type Box, type Extent } from "../lib/chart";
import { formatTimestamp, ticks } from "../lib/time";
import { sharedStyles } from "../styles";

const BOX: Box = { width: 1000, height: 180 };
const LEFT = 74;
const BOTTOM = 24;
const TOP = 10;

export interface ChartLine {
  readonly label: string;
  readonly timeNs: readonly number[];
  readonly bytes: readonly number[];
  /** Drawn with the area below it; the others are lines. */
  readonly filled: boolean;
}

/** How many bytes were held when, with the values at a point in time that the mouse or the arrow keys choose. */
@customElement("mt-memory-chart")
export class MemoryChart extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: block;
      }
      svg {
        display: block;
        width: 100%;
        height: auto;
      }
      .grid {
        stroke: var(--border);
      }
      .axis {
        fill: var(--text-quiet);
        font: 11px var(--font);
      }
      .area {
        fill: var(--link);
        opacity: 0.22;
      }
      .line {
        fill: none;
        stroke-width: 1.6;
      }
      .line-0 {
        stroke: var(--link);
      }
      .line-1 {
        stroke: var(--accent);
      }
      .cursor {
        stroke: var(--text);
        stroke-dasharray: 3 3;
      }
      .told {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 18px;
        min-height: 20px;
        font-variant-numeric: tabular-nums;
      }
      .swatch {
        display: inline-block;
        width: 14px;
        height: 3px;
        margin-inline-end: 5px;
        vertical-align: middle;
      }
      .swatch-0 {
        background: var(--link);
      }
      .swatch-1 {
        background: var(--accent);
      }
    `,
  ];

  @property() label = "";
  @property({ attribute: false }) lines: readonly ChartLine[] = [];
  @state() private cursor: number | null = null;

  override render(): TemplateResult {
    const first = this.lines[0];
    if (!first || first.timeNs.length === 0) return html``;
    const extent = extentOf(
      this.lines.map(({ timeNs }) => timeNs),
      this.lines.map(({ bytes }) => bytes),
    );
    const at = this.cursor === null ? null : (first.timeNs[Math.min(this.cursor, first.timeNs.length - 1)] ?? null);
    return html`
      <div
        role="slider"
        tabindex="0"
        aria-label="${this.label}: the time to read"
        aria-valuemin="0"
        aria-valuemax=${first.timeNs.length - 1}
        aria-valuenow=${this.cursor ?? first.timeNs.length - 1}
        aria-valuetext=${this.told(at ?? extent.endNs, extent)}
        data-testid="memory-chart"
        @keydown=${this.onKey}
        @pointermove=${(event: PointerEvent) => {
          this.read(event, first.timeNs, extent);
        }}
        @pointerleave=${() => {
          this.cursor = null;
        }}
      >
        ${this.renderPicture(extent, at)}
      </div>
      <div class="told" data-testid="memory-told">
        <span class="quiet">${at === null ? "at the end" : `at ${formatTimestamp(at, (extent.endNs - extent.beginNs) / 1000)}`}</span>
        ${this.lines.map(
          (line, index) =>
            html`<span
              ><span class="swatch swatch-${index}" aria-hidden="true"></span>${line.label}
              <b>${formatBytes(valueAt(line, at ?? extent.endNs))}</b></span
            >`,
        )}
        <span class="quiet">highest ${formatBytes(Math.max(...this.lines.flatMap(({ bytes }) => bytes)))}</span>
      </div>
    `;
  }

  private renderPicture(extent: Extent, at: number | null): TemplateResult {
    const [width, height] = [LEFT + BOX.width + 12, TOP + BOX.height + BOTTOM];
    return html`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">
      <g transform="translate(${LEFT} ${TOP})">
        ${byteTicks(extent.most, 4).map((bytes) => {
          const y = yOf(bytes, extent, BOX);
          return svg`<line class="grid" x1="0" x2=${BOX.width} y1=${y} y2=${y} /><text class="axis" x="-8" y=${y + 4} text-anchor="end">${formatBytes(bytes)}</text>`;
        })}
        ${ticks(extent.beginNs, extent.endNs, (extent.endNs - extent.beginNs) / 8).map(
          ({ timeNs, label }) =>
            svg`<text class="axis" x=${xOf(timeNs, extent, BOX)} y=${BOX.height + 17} text-anchor="middle">${label}</text>`,
        )}
        ${this.lines.map(({ timeNs, bytes, filled }) =>
          filled ? svg`<path class="area" d=${stepPath(timeNs, bytes, extent, BOX, true)} />` : nothing,
        )}
        ${this.lines.map(
          ({ timeNs, bytes }, index) =>
            svg`<path class="line line-${index}" d=${stepPath(timeNs, bytes, extent, BOX)} />`,
        )}
        ${
          at === null
            ? nothing
            : svg`<line class="cursor" x1=${xOf(at, extent, BOX)} x2=${xOf(at, extent, BOX)} y1="0" y2=${BOX.height} />`
        }
      </g>
    </svg>`;
  }

  private told(timeNs: number, extent: Extent): string {
    const values = this.lines.map((line) => `${line.label} ${formatBytes(valueAt(line, timeNs))}`).join(", ");
    return `${formatTimestamp(timeNs, (extent.endNs - extent.beginNs) / 1000)}: ${values}`;
  }

  private read(event: PointerEvent, times: readonly number[], extent: Extent): void {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width) * (LEFT + BOX.width + 12) - LEFT;
    const timeNs = extent.beginNs + (share / BOX.width) * (extent.endNs - extent.beginNs);
    this.cursor = indexAt(times, timeNs);
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const last = (this.lines[0]?.timeNs.length ?? 0) - 1;
    const now = this.cursor ?? last;
    const page = Math.max(1, Math.round(last / 10));
    const next = {
      ArrowLeft: now - 1,
      ArrowRight: now + 1,
      PageDown: now - page,
      PageUp: now + page,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.cursor = Math.min(last, Math.max(0, next));
  };
}

function valueAt({ timeNs, bytes }: ChartLine, at: number): number | null {
  return bytes[indexAt(timeNs, at)] ?? null;
}
