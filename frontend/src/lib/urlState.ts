/** What of the page's state is in TensorBoard's address, as `p.modetrace.<key>` in its hash. */

export const VIEWS = [
  "overview",
  "timeline",
  "time",
  "traces",
  "errors",
  "graphs",
  "placement",
  "memory",
  "compare",
] as const;
export type View = (typeof VIEWS)[number];

export interface CallReference {
  readonly process: number;
  readonly callId: number;
}

export interface TimeWindow {
  readonly beginNs: number;
  readonly endNs: number;
}

export const RENDERERS = ["webgl2", "canvas2d"] as const;
export type RendererName = (typeof RENDERERS)[number];

export interface UrlState {
  readonly run: string | null;
  /** The run that it is compared with. */
  readonly compare: string | null;
  readonly view: View;
  readonly window: TimeWindow | null;
  /** The range that is selected on the timeline's ruler. */
  readonly range: TimeWindow | null;
  readonly call: CallReference | null;
  readonly trace: number | null;
  readonly filter: string;
  /** The threads whose ops the timeline shows. */
  readonly ops: readonly number[];
  /** How to draw the timeline, where the choice made by itself is a bad one. */
  readonly renderer: RendererName | null;
}

export const DEFAULT_URL_STATE: UrlState = {
  run: null,
  compare: null,
  view: "overview",
  window: null,
  range: null,
  call: null,
  trace: null,
  filter: "",
  ops: [],
  renderer: null,
};

export function sameWindow(a: TimeWindow | null, b: TimeWindow | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.abs(a.beginNs - b.beginNs) < 1 && Math.abs(a.endNs - b.endNs) < 1;
}

export function roundedWindow(window: TimeWindow): TimeWindow {
  const beginNs = Math.round(window.beginNs);
  return { beginNs, endNs: Math.max(beginNs + 1, Math.round(window.endNs)) };
}

const PREFIX = "p.modetrace.";

/** Reads the state out of a hash such as `#modetrace&p.modetrace.view=timeline`; what is malformed is as if absent. */
export function parseHash(hash: string): UrlState {
  const values = new Map<string, string>();
  for (const part of hashParts(hash)) {
    const equals = part.indexOf("=");
    const key = equals < 0 ? "" : decode(part.slice(0, equals));
    if (key.startsWith(PREFIX)) values.set(key.slice(PREFIX.length), decode(part.slice(equals + 1)));
  }
  const view = values.get("view");
  return {
    run: values.get("run") ?? null,
    compare: values.get("compare") ?? null,
    view: VIEWS.find((known) => known === view) ?? DEFAULT_URL_STATE.view,
    window: parseWindow(values.get("window")),
    range: parseWindow(values.get("range")),
    call: parseCall(values.get("call")),
    trace: parseInteger(values.get("trace")),
    filter: values.get("filter") ?? "",
    ops: parseIntegers(values.get("ops")),
    renderer: RENDERERS.find((known) => known === values.get("renderer")) ?? null,
  };
}

/** Whether a change is one that the back button should undo: another view, run or selection, but not a pan, a zoom or a letter typed. */
export function isStep(before: UrlState, after: UrlState): boolean {
  return (
    before.view !== after.view ||
    before.run !== after.run ||
    before.compare !== after.compare ||
    before.trace !== after.trace ||
    before.call?.process !== after.call?.process ||
    before.call?.callId !== after.call?.callId ||
    before.range?.beginNs !== after.range?.beginNs ||
    before.range?.endNs !== after.range?.endNs
  );
}

/** The hash with our keys replaced by `state` and everything of others left as it is. */
export function writeHash(hash: string, state: UrlState): string {
  const others = hashParts(hash).filter((part) => !decode(part).startsWith(PREFIX));
  const ours = entries(state).map(([key, value]) => `${encodeURIComponent(PREFIX + key)}=${encodeURIComponent(value)}`);
  return `#${[...others, ...ours].join("&")}`;
}

function entries(state: UrlState): readonly (readonly [string, string])[] {
  const result: (readonly [string, string])[] = [];
  if (state.run !== null) result.push(["run", state.run]);
  if (state.compare !== null) result.push(["compare", state.compare]);
  if (state.view !== DEFAULT_URL_STATE.view) result.push(["view", state.view]);
  if (state.window) result.push(["window", windowText(state.window)]);
  if (state.range) result.push(["range", windowText(state.range)]);
  if (state.call) result.push(["call", `${state.call.process}.${state.call.callId}`]);
  if (state.trace !== null) result.push(["trace", String(state.trace)]);
  if (state.filter !== "") result.push(["filter", state.filter]);
  if (state.ops.length > 0) result.push(["ops", state.ops.join(".")]);
  if (state.renderer !== null) result.push(["renderer", state.renderer]);
  return result;
}

function windowText({ beginNs, endNs }: TimeWindow): string {
  return `${Math.round(beginNs)}-${Math.round(endNs)}`;
}

function hashParts(hash: string): readonly string[] {
  return hash
    .replace(/^#/, "")
    .split("&")
    .filter((part) => part !== "");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseWindow(text: string | undefined): TimeWindow | null {
  const match = /^(-?\d+)-(-?\d+)$/.exec(text ?? "");
  if (!match) return null;
  const [beginNs, endNs] = [Number(match[1]), Number(match[2])];
  return Number.isSafeInteger(beginNs) && Number.isSafeInteger(endNs) && endNs > beginNs ? { beginNs, endNs } : null;
}

function parseCall(text: string | undefined): CallReference | null {
  const match = /^(\d+)\.(\d+)$/.exec(text ?? "");
  if (!match) return null;
  const [process, callId] = [Number(match[1]), Number(match[2])];
  return Number.isSafeInteger(process) && Number.isSafeInteger(callId) ? { process, callId } : null;
}

function parseIntegers(text: string | undefined): readonly number[] {
  const values = (text ?? "").split(".").map(parseInteger);
  return [...new Set(values.filter((value) => value !== null))];
}

function parseInteger(text: string | undefined): number | null {
  if (text === undefined || !/^\d+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
