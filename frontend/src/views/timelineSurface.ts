/** The canvas of a timeline in the page: what draws it, what sizes it, and what a person moves it by. */

import { TimelineEngine, type EngineOptions } from "../timeline/engine";
import { Interaction, type InteractionEvents } from "../timeline/interaction";
import { Ruler, type RulerEvents } from "./ruler";

export interface SurfaceElements {
  readonly surface: HTMLElement;
  readonly scroller: HTMLElement;
  readonly ticks: HTMLElement;
}

export interface SurfaceEvents extends Omit<InteractionEvents, "stepped">, Pick<RulerEvents, "selected"> {
  readonly stepped: (engine: TimelineEngine, step: 1 | -1) => void;
}

/**
 * Makes an engine and connects it with its surroundings.
 *
 * @param signal ends everything that belongs to it.
 * @throws Error if this browser cannot draw.
 */
export function mountTimeline(
  { surface, scroller, ticks }: SurfaceElements,
  options: Omit<EngineOptions, "container">,
  events: SurfaceEvents,
  signal: AbortSignal,
): TimelineEngine {
  const engine = new TimelineEngine({ ...options, container: surface });
  const interaction = new Interaction(surface, scroller, engine, {
    ...events,
    stepped: (step) => {
      events.stepped(engine, step);
    },
  });
  new Ruler(
    ticks,
    {
      timeAt: (xPx) => engine.timeAt(xPx),
      marked: (marking) => {
        engine.setMarking(marking);
      },
      selected: events.selected,
    },
    signal,
  );
  scroller.addEventListener(
    "scroll",
    () => {
      engine.setScrollTop(scroller.scrollTop);
    },
    { passive: true, signal },
  );
  const resizes = new ResizeObserver(() => {
    const heightPx = scroller.clientHeight;
    surface.style.height = `${heightPx}px`;
    engine.resize(surface.clientWidth, heightPx);
  });
  resizes.observe(scroller);
  resizes.observe(surface);
  signal.addEventListener("abort", () => {
    resizes.disconnect();
    interaction.dispose();
    engine.dispose();
  });
  return engine;
}
