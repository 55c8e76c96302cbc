/** Pointer, wheel and keys, as what they mean to the timeline. */

import type { SliceInfo } from "./query";
import type { TimelineEngine } from "./engine";
import type { JumpKind } from "./jumps";

export interface InteractionEvents {
  readonly picked: (slice: SliceInfo | null) => void;
  readonly hovered: (slice: SliceInfo | null, clientXPx: number, clientYPx: number) => void;
  readonly moved: () => void;
  readonly stepped: (step: 1 | -1) => void;
  readonly jumped: (kind: JumpKind, step: 1 | -1) => void;
  readonly zoomedToSelection: () => void;
  readonly zoomedTo: (slice: SliceInfo) => void;
}

const DRAG_THRESHOLD_PX = 4;
const ZOOM_PER_KEY = 1.5;
const PAN_PER_KEY = 0.15;
const WHEEL_ZOOM = 0.002;
/** Pinching on a trackpad arrives as small wheel steps with ctrl. */
const PINCH_ZOOM = 0.01;
const PINCH_BELOW_PX = 25;
const LINE_HEIGHT_PX = 16;

interface Drag {
  readonly startXPx: number;
  lastXPx: number;
  lastYPx: number;
  readonly marks: boolean;
  moved: boolean;
}

export class Interaction {
  #drag: Drag | null = null;
  readonly #listeners = new AbortController();

  constructor(
    private readonly surface: HTMLElement,
    private readonly scroller: HTMLElement,
    private readonly engine: TimelineEngine,
    private readonly events: InteractionEvents,
  ) {
    const { signal } = this.#listeners;
    surface.addEventListener(
      "pointerdown",
      (event) => {
        this.#down(event);
      },
      { signal },
    );
    surface.addEventListener(
      "pointermove",
      (event) => {
        this.#move(event);
      },
      { signal },
    );
    surface.addEventListener(
      "pointerup",
      (event) => {
        this.#up(event);
      },
      { signal },
    );
    surface.addEventListener(
      "pointercancel",
      () => {
        this.#cancel();
      },
      { signal },
    );
    surface.addEventListener(
      "pointerleave",
      () => {
        engine.hover(null);
        events.hovered(null, 0, 0);
      },
      { signal },
    );
    surface.addEventListener(
      "dblclick",
      (event) => {
        this.#doubleClick(event);
      },
      { signal },
    );
    surface.addEventListener(
      "keydown",
      (event) => {
        this.#key(event);
      },
      { signal },
    );
    scroller.addEventListener(
      "wheel",
      (event) => {
        this.#wheel(event);
      },
      { signal, passive: false },
    );
  }

  dispose(): void {
    this.#listeners.abort();
  }

  #point(event: MouseEvent): { readonly x: number; readonly y: number } {
    const box = this.surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    const { x } = this.#point(event);
    this.#drag = { startXPx: x, lastXPx: x, lastYPx: event.clientY, marks: event.shiftKey, moved: false };
    this.surface.setPointerCapture(event.pointerId);
  }

  #move(event: PointerEvent): void {
    const { x, y } = this.#point(event);
    const drag = this.#drag;
    if (!drag) {
      const slice = this.engine.sliceAt(x, y);
      this.engine.hover(slice);
      this.events.hovered(slice, event.clientX, event.clientY);
      return;
    }
    if (!drag.moved && Math.abs(x - drag.startXPx) + Math.abs(event.clientY - drag.lastYPx) < DRAG_THRESHOLD_PX) return;
    if (!drag.moved) this.events.hovered(null, 0, 0);
    drag.moved = true;
    if (drag.marks) {
      this.engine.setMarking({ fromPx: drag.startXPx, toPx: x });
    } else {
      this.engine.panPx(drag.lastXPx - x);
      this.scroller.scrollTop += drag.lastYPx - event.clientY;
      this.events.moved();
    }
    drag.lastXPx = x;
    drag.lastYPx = event.clientY;
  }

  #up(event: PointerEvent): void {
    const drag = this.#drag;
    this.#cancel();
    if (!drag) return;
    const { x, y } = this.#point(event);
    if (!drag.moved) {
      this.events.picked(this.engine.sliceAt(x, y));
    } else if (drag.marks) {
      const [left, right] = [Math.min(drag.startXPx, x), Math.max(drag.startXPx, x)];
      if (right - left < DRAG_THRESHOLD_PX) return;
      this.engine.setWindow({ beginNs: this.engine.timeAt(left), endNs: this.engine.timeAt(right) });
      this.events.moved();
    }
  }

  #cancel(): void {
    this.#drag = null;
    this.engine.setMarking(null);
  }

  #doubleClick(event: MouseEvent): void {
    const { x, y } = this.#point(event);
    const slice = this.engine.sliceAt(x, y);
    if (slice) this.events.zoomedTo(slice);
  }

  #wheel(event: WheelEvent): void {
    const scale = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_HEIGHT_PX : 1;
    const [deltaX, deltaY] = [event.deltaX * scale, event.deltaY * scale];
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const speed = Math.abs(deltaY) < PINCH_BELOW_PX ? PINCH_ZOOM : WHEEL_ZOOM;
      this.engine.zoom(Math.exp(-deltaY * speed), this.#point(event).x);
      this.events.moved();
    } else if (event.shiftKey || Math.abs(deltaX) > Math.abs(deltaY)) {
      event.preventDefault();
      // Some systems turn shift and wheel into a sideways wheel by themselves.
      this.engine.panPx(deltaX === 0 ? deltaY : deltaX);
      this.events.moved();
    }
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = this.#actionOf(event);
    if (!action) return;
    event.preventDefault();
    action();
  }

  #actionOf(event: KeyboardEvent): (() => void) | null {
    const { engine, events } = this;
    const move = (change: () => void) => () => {
      change();
      events.moved();
    };
    switch (event.key.toLowerCase()) {
      case "w":
      case "+":
      case "=":
        return move(() => {
          engine.zoom(ZOOM_PER_KEY);
        });
      case "s":
      case "-":
        return move(() => {
          engine.zoom(1 / ZOOM_PER_KEY);
        });
      case "a":
      case "arrowleft":
        return move(() => {
          engine.panPx(-PAN_PER_KEY * engine.widthPx);
        });
      case "d":
      case "arrowright":
        return move(() => {
          engine.panPx(PAN_PER_KEY * engine.widthPx);
        });
      case "arrowup":
        return () => {
          this.scroller.scrollTop -= 40;
        };
      case "arrowdown":
        return () => {
          this.scroller.scrollTop += 40;
        };
      case "0":
      case "home":
        return move(() => {
          engine.fit();
        });
      case "n":
      case "]":
        return () => {
          events.stepped(1);
        };
      case "p":
      case "[":
        return () => {
          events.stepped(-1);
        };
      case "t":
        return () => {
          events.jumped("trace", event.shiftKey ? -1 : 1);
        };
      case "e":
        return () => {
          events.jumped("error", event.shiftKey ? -1 : 1);
        };
      case "l":
        return () => {
          events.jumped("longest", event.shiftKey ? -1 : 1);
        };
      case "enter":
      case "f":
        return () => {
          events.zoomedToSelection();
        };
      case "escape":
        return () => {
          events.picked(null);
        };
      default:
        return null;
    }
  }
}
