import type { UrlState } from "../lib/urlState";

/** A wish to be elsewhere on the page; the app owns where we are. */
export class NavigateEvent extends Event {
  static readonly type = "mt-navigate";

  constructor(readonly change: Partial<UrlState>) {
    super(NavigateEvent.type, { bubbles: true, composed: true });
  }
}

declare global {
  interface HTMLElementEventMap {
    "mt-navigate": NavigateEvent;
  }
}
