import {
  Virtualizer,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
} from "@tanstack/virtual-core";
import type { ReactiveController, ReactiveControllerHost } from "lit";

export interface VirtualRowsOptions {
  readonly scroller: () => HTMLElement | null;
  /** How far below the scroller's top the rows begin, in its content. */
  readonly marginPx: () => number;
  readonly count: () => number;
  readonly key: (index: number) => string | number;
  readonly estimatePx: (index: number) => number;
}

/** Renders only the rows on screen, so that ten thousand cost no more than thirty. */
export class VirtualRows implements ReactiveController {
  readonly #virtualizer: Virtualizer<HTMLElement, HTMLElement>;
  #unmount: (() => void) | null = null;

  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly options: VirtualRowsOptions,
  ) {
    host.addController(this);
    this.#virtualizer = new Virtualizer<HTMLElement, HTMLElement>(this.#resolved());
  }

  get items(): readonly VirtualItem[] {
    return this.#virtualizer.getVirtualItems();
  }

  get totalPx(): number {
    return this.#virtualizer.getTotalSize();
  }

  /** Where a row lies below the first one. */
  offsetPx(item: VirtualItem): number {
    return item.start - this.options.marginPx();
  }

  /** Give every rendered row to this, as a `ref` callback: rows may be of any height. */
  readonly measure = (element: Element | undefined): void => {
    if (element instanceof HTMLElement) this.#virtualizer.measureElement(element);
  };

  scrollTo(index: number): void {
    this.#virtualizer.scrollToIndex(index, { align: "start" });
  }

  hostConnected(): void {
    this.#unmount = this.#virtualizer._didMount();
  }

  hostUpdate(): void {
    this.#virtualizer.setOptions(this.#resolved());
  }

  hostUpdated(): void {
    this.#virtualizer.setOptions(this.#resolved());
    this.#virtualizer._willUpdate();
  }

  hostDisconnected(): void {
    this.#unmount?.();
    this.#unmount = null;
  }

  #resolved() {
    return {
      count: this.options.count(),
      getScrollElement: this.options.scroller,
      estimateSize: this.options.estimatePx,
      getItemKey: this.options.key,
      scrollMargin: this.options.marginPx(),
      overscan: 6,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => {
        this.host.requestUpdate();
      },
    };
  }
}
