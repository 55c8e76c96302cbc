/** The binary answer of `timeline/slices`: a JSON header, then columns of whole numbers, as docs/http_api.md describes. */

/** Bits of a slice's flags. */
export const FLAG_RAISED = 1;
export const FLAG_SUSPENDABLE = 2;
export const FLAG_SIGNATURE_NOT_RECORDED = 4;

/** Slices of one lane as columns of one length, ordered by row, then start. */
export interface Slices {
  readonly count: number;
  readonly revision: string;
  readonly startNs: Float64Array;
  readonly durationNs: Float64Array;
  /** -1: several calls merged into one slice. */
  readonly callId: Float64Array;
  readonly functionId: Int32Array;
  /** -1: caused no trace. */
  readonly traceId: Int32Array;
  readonly calls: Int32Array;
  readonly row: Uint16Array;
  readonly mode: Uint8Array;
  readonly flags: Uint8Array;
}

export class SlicesFormatError extends Error {
  constructor(detail: string) {
    super(`TensorBoard sent timeline data that this page cannot read: ${detail}.`);
    this.name = "SlicesFormatError";
  }
}

const LENGTH_BYTES = 4;
const MOST_BYTES_EACH = 8;
/** Columns whose numbers are all the same take no bytes, so the count alone may say how much to allocate. */
const MOST_SLICES = 1 << 24;

const COLUMN_TYPES = {
  float64: Float64Array,
  int32: Int32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
} as const;

type ColumnType = keyof typeof COLUMN_TYPES;

interface Column {
  readonly type: string;
  /** What is added to every number. */
  readonly base: number;
  /** How many bytes of each number there are: first the lowest of all numbers, then the next. */
  readonly bytes: number;
  readonly offset: number;
}

interface Header {
  readonly count: number;
  readonly revision: string;
  readonly beginNs: number;
  readonly lanes: readonly { readonly lane: number; readonly count: number }[];
  readonly columns: ReadonlyMap<string, Column>;
}

/**
 * Reads the slices of every lane in an answer, by lane.
 *
 * Columns of other names are skipped, so that a newer server may add some.
 *
 * @throws SlicesFormatError if the bytes contradict themselves.
 */
export function decodeSlices(buffer: ArrayBuffer): ReadonlyMap<number, Slices> {
  if (buffer.byteLength < LENGTH_BYTES) throw new SlicesFormatError("it ends before its header");
  const headerBytes = new DataView(buffer).getUint32(0, true);
  const begin = LENGTH_BYTES + headerBytes;
  if (begin > buffer.byteLength) throw new SlicesFormatError("its header is longer than the answer");
  const header = parseHeader(new Uint8Array(buffer, LENGTH_BYTES, headerBytes));
  const body = new Uint8Array(buffer, begin);
  const column = <T extends ColumnType>(name: string, type: T) => readColumn(body, header, name, type);
  const all: Omit<Slices, "count" | "revision"> = {
    startNs: column("start_ns", "float64"),
    durationNs: column("duration_ns", "float64"),
    callId: column("call_id", "float64"),
    functionId: column("function_id", "int32"),
    traceId: column("trace_id", "int32"),
    calls: column("calls", "int32"),
    row: column("row", "uint16"),
    mode: column("mode", "uint8"),
    flags: column("flags", "uint8"),
  };
  const { callId } = all;
  for (let index = 1; index < header.count; index++) callId[index] = (callId[index] ?? 0) + (callId[index - 1] ?? 0);
  const found = new Map<number, Slices>();
  let first = 0;
  for (const { lane, count } of header.lanes) {
    const last = first + count;
    const slices = {
      count,
      revision: header.revision,
      startNs: all.startNs.subarray(first, last),
      durationNs: all.durationNs.subarray(first, last),
      callId: all.callId.subarray(first, last),
      functionId: all.functionId.subarray(first, last),
      traceId: all.traceId.subarray(first, last),
      calls: all.calls.subarray(first, last),
      row: all.row.subarray(first, last),
      mode: all.mode.subarray(first, last),
      flags: all.flags.subarray(first, last),
    };
    addUpStarts(slices, header.beginNs);
    found.set(lane, slices);
    first = last;
  }
  return found;
}

/** Makes of the gap before each slice its start. */
function addUpStarts({ count, startNs, durationNs, row }: Slices, beginNs: number): void {
  let endNs = beginNs;
  for (let index = 0; index < count; index++) {
    if (index > 0 && row[index] !== row[index - 1]) endNs = beginNs;
    const start = endNs + (startNs[index] ?? 0);
    startNs[index] = start;
    endNs = start + (durationNs[index] ?? 0);
  }
}

function parseHeader(bytes: Uint8Array): Header {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new SlicesFormatError("its header is not JSON");
  }
  if (!isRecord(parsed)) throw new SlicesFormatError("its header is not an object");
  const { count, revision, begin_ns: beginNs, lanes, columns } = parsed;
  if (!isCount(count) || count > MOST_SLICES) throw new SlicesFormatError("its header has no valid count");
  if (typeof revision !== "string") throw new SlicesFormatError("its header has no revision");
  if (typeof beginNs !== "number") throw new SlicesFormatError("its header does not say where its window begins");
  if (!Array.isArray(lanes)) throw new SlicesFormatError("its header lists no lanes");
  const counts = (lanes as readonly unknown[]).map((entry) => {
    if (!isRecord(entry) || !isCount(entry["lane"]) || !isCount(entry["count"])) {
      throw new SlicesFormatError("a lane lacks its number or its count");
    }
    return { lane: entry["lane"], count: entry["count"] };
  });
  if (counts.reduce((sum, lane) => sum + lane.count, 0) !== count) {
    throw new SlicesFormatError("its lanes hold another number of slices than it counts");
  }
  if (!Array.isArray(columns)) throw new SlicesFormatError("its header lists no columns");
  const byName = new Map<string, Column>();
  for (const entry of columns as readonly unknown[]) {
    if (!isRecord(entry)) throw new SlicesFormatError("a column is not an object");
    const { name, type, base, bytes: each, offset } = entry;
    const complete = typeof name === "string" && typeof type === "string" && typeof base === "number";
    if (!complete || typeof each !== "number" || typeof offset !== "number") {
      throw new SlicesFormatError("a column lacks its name, type, base, bytes or offset");
    }
    byName.set(name, { type, base, bytes: each, offset });
  }
  return { count, revision, beginNs, lanes: counts, columns: byName };
}

function readColumn<T extends ColumnType>(
  body: Uint8Array,
  { count, columns }: Header,
  name: string,
  type: T,
): InstanceType<(typeof COLUMN_TYPES)[T]> {
  const column = columns.get(name);
  if (!column) throw new SlicesFormatError(`the column ${name} is missing`);
  if (column.type !== type) throw new SlicesFormatError(`the column ${name} is ${column.type} instead of ${type}`);
  const { base, bytes, offset } = column;
  if (!isCount(bytes) || bytes > MOST_BYTES_EACH) {
    throw new SlicesFormatError(`the column ${name} has ${bytes} bytes for each number`);
  }
  if (!isCount(offset) || offset + count * bytes > body.length) {
    throw new SlicesFormatError(`the column ${name} ends after the answer does`);
  }
  const values = new COLUMN_TYPES[type](count);
  values.fill(base);
  for (let place = 0, unit = 1; place < bytes; place++, unit *= 256) {
    const plane = offset + place * count;
    for (let index = 0; index < count; index++)
      values[index] = (values[index] ?? 0) + unit * (body[plane + index] ?? 0);
  }
  return values as InstanceType<(typeof COLUMN_TYPES)[T]>;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
