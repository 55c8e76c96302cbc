/** The page around ours. TensorBoard shows a plugin in an iframe of its own origin; everything here also works without one. */

import { writeHash, type UrlState } from "../lib/urlState";
import type { Theme } from "../lib/modes";

const PLUGIN_NAME = "modetrace";
const DATA_RELOADED = "experimental.DataReloaded";

/** The window whose address bar people see; our own where TensorBoard's is out of reach. */
function hostWindow(): Window {
  try {
    // Throws where the parent is of another origin.
    return window.parent.document.defaultView ?? window;
  } catch {
    return window;
  }
}

export function readHash(): string {
  return hostWindow().location.hash;
}

/** Writes the state into the address, as a new entry of the history or in place of the last; leaves other plugins' addresses alone. */
export function writeAddress(state: UrlState, entry: "push" | "replace"): void {
  const host = hostWindow();
  const [plugin = ""] = host.location.hash.replace(/^#/, "").split("&");
  const unnamed = plugin === "" || plugin.includes("=");
  if (!unnamed && plugin !== PLUGIN_NAME) return;
  const hash = unnamed ? `#${PLUGIN_NAME}&${host.location.hash.replace(/^#/, "")}` : host.location.hash;
  const next = writeHash(hash, state);
  if (next === host.location.hash) return;
  const address = host.location.pathname + host.location.search + next;
  if (entry === "push") host.history.pushState(host.history.state, "", address);
  else host.history.replaceState(host.history.state, "", address);
}

/** Tells when somebody else changes the address: a link, or the back button. */
export function onHashChange(listener: () => void, signal: AbortSignal): void {
  hostWindow().addEventListener("hashchange", listener, { signal });
}

/** The address of a profile in XProf's tab, which reads the query of TensorBoard's own address. */
export function xprofAddress(run: string, host: string): string {
  const { origin, pathname } = hostWindow().location;
  return `${origin}${pathname}?${new URLSearchParams({ run, tag: "trace_viewer@", host }).toString()}#profile`;
}

/** Follows TensorBoard's dark mode, or the system's where TensorBoard's is out of reach. */
export function observeTheme(listener: (theme: Theme) => void): () => void {
  const host = hostWindow();
  if (host !== window) {
    const body = host.document.body;
    const report = () => {
      listener(body.classList.contains("dark-mode") ? "dark" : "light");
    };
    const observer = new MutationObserver(report);
    observer.observe(body, { attributes: true, attributeFilter: ["class"] });
    report();
    return () => {
      observer.disconnect();
    };
  }
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  const report = () => {
    listener(query.matches ? "dark" : "light");
  };
  query.addEventListener("change", report);
  report();
  return () => {
    query.removeEventListener("change", report);
  };
}

interface HostMessage {
  readonly type: string;
  readonly id: number;
  readonly isReply: boolean;
}

/** Tells when TensorBoard reloads its data: by its button, or by its timer. Hidden plugins are told too. */
export function onDataReloaded(listener: () => void): () => void {
  if (window.parent === window) return () => undefined;
  const channel = new MessageChannel();
  channel.port1.onmessage = (event: MessageEvent<unknown>) => {
    const message = parseMessage(event.data);
    if (!message || message.isReply) return;
    if (message.type === DATA_RELOADED) listener();
    // TensorBoard waits for an answer to everything it sends.
    channel.port1.postMessage(
      JSON.stringify({ type: message.type, id: message.id, payload: null, error: null, isReply: true }),
    );
  };
  window.parent.postMessage("experimental.bootstrap", window.location.origin, [channel.port2]);
  return () => {
    channel.port1.close();
  };
}

function parseMessage(data: unknown): HostMessage | null {
  if (typeof data !== "string") return null;
  try {
    const parsed = JSON.parse(data) as Partial<HostMessage> | null;
    return parsed && typeof parsed.type === "string" && typeof parsed.id === "number"
      ? { type: parsed.type, id: parsed.id, isReply: parsed.isReply === true }
      : null;
  } catch {
    return null;
  }
}

/** TensorBoard keeps the iframe of a plugin that is not shown, at no height. */
export function isShown(): boolean {
  return !document.hidden && window.innerHeight > 0;
}

/** Tells when the page may have become visible. */
export function onShownChange(listener: () => void, signal: AbortSignal): void {
  document.addEventListener("visibilitychange", listener, { signal });
  window.addEventListener("resize", listener, { signal });
}
