/** Dragging on the timeline's ruler selects a range. */

import type { TimeWindow } from "../lib/urlState";

const LEAST_PX = 4;

export interface RulerEvents {
  readonly timeAt: (xPx: number) => number;
  /** While it is dragged, in pixels; null when that is over. */
  readonly marked: (marking: { readonly fromPx: number; readonly toPx: number } | null) => void;
  readonly selected: (range: TimeWindow | null) => void;
}

export class Ruler {
  #fromPx: number | null = null;

  constructor(ruler: HTMLElement, events: RulerEvents, signal: AbortSignal) {
    const xPx = (event: PointerEvent) => event.clientX - ruler.getBoundingClientRect().left;
    ruler.addEventListener(
      "pointerdown",
      (event) => {
        if (event.button !== 0) return;
        this.#fromPx = xPx(event);
        ruler.setPointerCapture(event.pointerId);
      },
      { signal },
    );
    ruler.addEventListener(
      "pointermove",
      (event) => {
        if (this.#fromPx !== null) events.marked({ fromPx: this.#fromPx, toPx: xPx(event) });
      },
      { signal },
    );
    ruler.addEventListener(
      "pointerup",
      (event) => {
        if (this.#fromPx === null) return;
        const [left, right] = [Math.min(this.#fromPx, xPx(event)), Math.max(this.#fromPx, xPx(event))];
        this.#fromPx = null;
        events.marked(null);
        // A click takes the selection back.
        if (right - left < LEAST_PX) events.selected(null);
        else events.selected({ beginNs: Math.round(events.timeAt(left)), endNs: Math.round(events.timeAt(right)) });
      },
      { signal },
    );
    ruler.addEventListener(
      "pointercancel",
      () => {
        this.#fromPx = null;
        events.marked(null);
      },
      { signal },
    );
  }
}
