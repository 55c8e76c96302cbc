import type { TimeWindow } from "../lib/urlState";
import { decodeSlices, type Slices } from "./slices";
import type {
  CallInfo,
  CallTimes,
  ComparedRuns,
  Explanation,
  Found,
  Lanes,
  Report,
  RunEvents,
  RunFlame,
  RunMemory,
  RunPlacement,
  RunProfile,
  RunWindow,
  Runs,
  SourceInfo,
  TraceDetails,
} from "./types";

export const SUPPORTED_SCHEMA_VERSION = 1;

/** A request that got no usable answer; the message is a sentence to show. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface SlicesRequest {
  readonly run: string;
  readonly lanes: readonly number[];
  readonly beginNs: number;
  readonly endNs: number;
  readonly resolutionNs: number;
}

/** The plugin's routes. Addresses are relative to the page's base, so that they hold under any path prefix. */
export class ApiClient {
  constructor(
    private readonly fetcher: typeof fetch = (...args) => fetch(...args),
    private readonly baseUrl = "",
  ) {}

  async runs(signal?: AbortSignal): Promise<Runs> {
    const runs = await this.json<Runs>("runs", {}, signal);
    checkSchema(runs.schema_version);
    return runs;
  }

  async report(run: string, signal?: AbortSignal): Promise<Report> {
    const report = await this.json<Report>("report", { run }, signal);
    checkSchema(report.schema_version);
    return report;
  }

  /** The run `b` beside `a`, with which it is compared. */
  compare(a: string, b: string, signal?: AbortSignal): Promise<ComparedRuns> {
    return this.json<ComparedRuns>("compare", { a, b }, signal);
  }

  lanes(run: string, signal?: AbortSignal): Promise<Lanes> {
    return this.json<Lanes>("timeline/lanes", { run }, signal);
  }

  events(run: string, signal?: AbortSignal): Promise<RunEvents> {
    return this.json<RunEvents>("timeline/events", { run }, signal);
  }

  /** The totals of a window of time. */
  window(run: string, window: TimeWindow, signal?: AbortSignal): Promise<RunWindow> {
    return this.json<RunWindow>("timeline/window", { run, ...windowQuery(window) }, signal);
  }

  /** Where the time of a window went; with null, of the whole recording. */
  flame(run: string, window: TimeWindow | null, signal?: AbortSignal): Promise<RunFlame> {
    return this.json<RunFlame>("timeline/flame", { run, ...(window ? windowQuery(window) : {}) }, signal);
  }

  /** The next (`step` 1) or previous (-1) call after a moment of the functions whose names match. */
  find(run: string, text: string, afterNs: number, step: 1 | -1, signal?: AbortSignal): Promise<Found> {
    return this.json<Found>("timeline/find", { run, text, after_ns: integerText(afterNs), step: String(step) }, signal);
  }

  call(run: string, process: number, callId: number, signal?: AbortSignal): Promise<CallInfo> {
    return this.json<CallInfo>("call", { run, process: String(process), call_id: String(callId) }, signal);
  }

  source(run: string, functionId: number, signal?: AbortSignal): Promise<SourceInfo> {
    return this.json<SourceInfo>("source", { run, function_id: String(functionId) }, signal);
  }

  explanation(id: string, signal?: AbortSignal): Promise<{ readonly explanations: readonly Explanation[] }> {
    return this.json<{ readonly explanations: readonly Explanation[] }>("explanation", { id }, signal);
  }

  trace(run: string, traceId: number, signal?: AbortSignal): Promise<TraceDetails> {
    return this.json<TraceDetails>("trace", { run, trace_id: String(traceId) }, signal);
  }

  placement(run: string, signal?: AbortSignal): Promise<RunPlacement> {
    return this.json<RunPlacement>("placement", { run }, signal);
  }

  memory(run: string, points: number, signal?: AbortSignal): Promise<RunMemory> {
    return this.json<RunMemory>("memory", { run, points: String(points) }, signal);
  }

  profile(run: string, signal?: AbortSignal): Promise<RunProfile> {
    return this.json<RunProfile>("profile", { run }, signal);
  }

  callTimes(run: string, process: number, callId: number, signal?: AbortSignal): Promise<CallTimes> {
    return this.json<CallTimes>("profile/call", { run, process: String(process), call_id: String(callId) }, signal);
  }

  /** What to draw of some lanes, by lane. */
  async slices(request: SlicesRequest, signal?: AbortSignal): Promise<ReadonlyMap<number, Slices>> {
    const response = await this.get(
      "timeline/slices",
      [
        ["run", request.run],
        ...request.lanes.map((lane) => ["lane", String(lane)]),
        ["begin_ns", integerText(request.beginNs)],
        ["end_ns", integerText(request.endNs)],
        ["resolution_ns", integerText(request.resolutionNs)],
      ],
      signal,
    );
    return decodeSlices(await response.arrayBuffer());
  }

  private async json<T>(path: string, query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<T> {
    const response = await this.get(path, query, signal);
    try {
      return (await response.json()) as T;
    } catch (error) {
      if (isAbort(error)) throw error;
      throw new ApiError(`TensorBoard's answer to “${path}” is not JSON. Is another server answering at this address?`);
    }
  }

  private async get(
    path: string,
    query: Readonly<Record<string, string>> | string[][],
    signal?: AbortSignal,
  ): Promise<Response> {
    const parameters = new URLSearchParams(query).toString();
    let response: Response;
    try {
      response = await this.fetcher(
        `${this.baseUrl}${path}${parameters ? `?${parameters}` : ""}`,
        signal ? { signal } : {},
      );
    } catch (error) {
      if (isAbort(error)) throw error;
      throw new ApiError("TensorBoard does not answer. Is it still running? The page tries again every few seconds.");
    }
    if (!response.ok) throw new ApiError(await errorSentence(response, path), response.status);
    return response;
  }
}

function windowQuery({ beginNs, endNs }: TimeWindow): Readonly<Record<string, string>> {
  return { begin_ns: integerText(beginNs), end_ns: integerText(endNs) };
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function checkSchema(version: number): void {
  if (version !== SUPPORTED_SCHEMA_VERSION) {
    throw new ApiError(
      `The server speaks schema version ${version}, but this page reads version ${SUPPORTED_SCHEMA_VERSION}. ` +
        "Restart TensorBoard and reload the page, so that both come from the same tfmodetrace.",
    );
  }
}

/** Whole numbers in plain digits: String(1e21) would be "1e+21". */
function integerText(value: number): string {
  return BigInt(Math.round(value)).toString();
}

async function errorSentence(response: Response, path: string): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "string")
      return body.error;
  } catch {
    // The status alone has to do.
  }
  return `TensorBoard answered “${path}” with status ${response.status}.`;
}
