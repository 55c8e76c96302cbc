import { LitElement, css, html, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { RunEvents } from "../api/types";
import type { Theme } from "../lib/modes";
import { plural } from "../lib/text";
import type { TimeWindow } from "../lib/urlState";
import { sharedStyles } from "../styles";
import { RAISED_COLOUR } from "../timeline/renderer";

const HEIGHT_PX = 36;
const MIN_BRUSH_PX = 6;
const COLOURS = {
  light: { calls: "#8fb3d1", trace: "#141414", error: RAISED_COLOUR },
  dark: { calls: "#5b7f9f", trace: "#ffffff", error: "#ffa7a7" },
} as const;

/** A wish to see another stretch of time. */
export class WindowEvent extends Event {
  static readonly type = "mt-window";

  constructor(readonly window: TimeWindow) {
    super(WindowEvent.type);
  }
}

/** The whole recording in one strip: where there are many calls, traces and errors, and which part of it is shown. */
@customElement("mt-minimap")
export class Minimap extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        position: relative;
        display: block;
        flex: none;
        height: ${HEIGHT_PX}px;
        border-bottom: 1px solid var(--border);
        cursor: crosshair;
        touch-action: none;
      }
      canvas {
        width: 100%;
        height: 100%;
      }
      .brush {
        position: absolute;
        inset-block: 0;
        min-width: ${MIN_BRUSH_PX}px;
        border: 1px solid var(--text);
        border-block-width: 2px;
        background: rgb(128 128 128 / 18%);
        cursor: grab;
        pointer-events: none;
      }
    `,
  ];

  @property({ attribute: false }) events: RunEvents | null = null;
  /** What is shown of it. */
  @property({ attribute: false }) window: TimeWindow | null = null;
  @property() theme: Theme = "light";
  @query("canvas") private canvas!: HTMLCanvasElement;

  private drag: { readonly fromNs: number; readonly moves: TimeWindow | null } | null = null;
  private readonly resized = new ResizeObserver(() => {
    this.draw();
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("events") || changed.has("theme")) this.draw();
  }

  override render(): TemplateResult {
    const { events, window } = this;
    const [left, right] = window ? [this.share(window.beginNs), this.share(window.endNs)] : [0, 1];
    const label = events
      ? `The whole recording: ${plural(events.traces.trace_id.length, "trace")}, ${plural(events.errors.error_id.length, "error")}`
      : "The whole recording";
    return html`<div
        role="img"
        aria-label=${label}
        style="height:100%"
        data-testid="minimap"
        @pointerdown=${this.onDown}
        @pointermove=${this.onMove}
        @pointerup=${this.onUp}
        @pointercancel=${this.onUp}
      >
        <canvas aria-hidden="true"></canvas>
      </div>
      <span
        class="brush"
        data-testid="minimap-brush"
        style="left:${Math.max(0, left) * 100}%;width:${(Math.min(1, right) - Math.max(0, left)) * 100}%"
      ></span>`;
  }

  private get spanNs(): number {
    return Math.max(1, (this.events?.end_ns ?? 1) - (this.events?.begin_ns ?? 0));
  }

  /** Where a moment lies, from 0 to 1. */
  private share(timeNs: number): number {
    return (timeNs - (this.events?.begin_ns ?? 0)) / this.spanNs;
  }

  private timeAt(event: PointerEvent): number {
    const { left, width } = this.getBoundingClientRect();
    return (this.events?.begin_ns ?? 0) + ((event.clientX - left) / width) * this.spanNs;
  }

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0 || !this.events) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    const timeNs = this.timeAt(event);
    const { window } = this;
    // Inside the brush it is moved; beside it, or where everything is shown, a new one is drawn.
    const whole = window && window.endNs - window.beginNs >= this.spanNs;
    const inside = window && !whole && timeNs >= window.beginNs && timeNs <= window.endNs;
    this.drag = { fromNs: timeNs, moves: inside ? window : null };
  };

  private readonly onMove = (event: PointerEvent): void => {
    if (!this.drag) return;
    const { fromNs, moves } = this.drag;
    const timeNs = this.timeAt(event);
    if (moves) {
      const byNs = timeNs - fromNs;
      this.tell({ beginNs: moves.beginNs + byNs, endNs: moves.endNs + byNs });
    } else if (Math.abs(timeNs - fromNs) / this.spanNs > 0.003) {
      this.tell({ beginNs: Math.min(fromNs, timeNs), endNs: Math.max(fromNs, timeNs) });
    }
  };

  private readonly onUp = (): void => {
    this.drag = null;
  };

  private tell(window: TimeWindow): void {
    this.dispatchEvent(new WindowEvent(window));
  }

  private draw(): void {
    const { canvas, events } = this;
    const context = this.hasUpdated ? canvas.getContext("2d") : null;
    if (!context) return;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!events) return;
    const colours = COLOURS[this.theme];
    const most = Math.max(1, ...events.density);
    const binPx = width / events.density.length;
    context.fillStyle = colours.calls;
    events.density.forEach((count, bin) => {
      // By the square root, so that single calls are seen beside thousands.
      const barPx = count === 0 ? 0 : Math.max(2, Math.sqrt(count / most) * (height - 12));
      context.fillRect(bin * binPx, height - barPx, Math.max(1, binPx), barPx);
    });
    context.fillStyle = colours.trace;
    for (const timeNs of events.traces.start_ns) context.fillRect(Math.round(this.share(timeNs) * width), 1, 1, 6);
    context.fillStyle = colours.error;
    for (const timeNs of events.errors.time_ns) context.fillRect(Math.round(this.share(timeNs) * width) - 1, 1, 3, 9);
  }
}
