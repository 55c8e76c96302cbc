/** The binary answer of `timeline/slices`: a JSON header, then columns. */

/** Bits of a slice's flags. */
export const FLAG_RAISED = 1;
export const FLAG_SUSPENDABLE = 2;
export const FLAG_SIGNATURE_NOT_RECORDED = 4;

/** Slices as columns of one length, ordered by row, then start. */
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
const ALIGNMENT_BYTES = 8;

const COLUMN_TYPES = {
  float64: Float64Array,
  int32: Int32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
} as const;

type ColumnType = keyof typeof COLUMN_TYPES;

interface Column {
  readonly type: string;
  readonly offset: number;
}

interface Header {
  readonly count: number;
  readonly revision: string;
  readonly columns: ReadonlyMap<string, Column>;
}

/**
 * Reads slices without copying: the columns are views on `buffer`.
 *
 * Columns of other names are skipped, so that a newer server may add some.
 *
 * @throws SlicesFormatError if the bytes contradict themselves.
 */
export function decodeSlices(buffer: ArrayBuffer): Slices {
  if (buffer.byteLength < LENGTH_BYTES) throw new SlicesFormatError("it ends before its header");
  const headerBytes = new DataView(buffer).getUint32(0, true);
  const begin = LENGTH_BYTES + headerBytes;
  if (begin > buffer.byteLength) throw new SlicesFormatError("its header is longer than the answer");
  if (begin % ALIGNMENT_BYTES !== 0) throw new SlicesFormatError("its columns are not aligned");
  const header = parseHeader(new Uint8Array(buffer, LENGTH_BYTES, headerBytes));
  const column = <T extends ColumnType>(name: string, type: T) => readColumn(buffer, begin, header, name, type);
  return {
    count: header.count,
    revision: header.revision,
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
}

function parseHeader(bytes: Uint8Array): Header {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new SlicesFormatError("its header is not JSON");
  }
  if (!isRecord(parsed)) throw new SlicesFormatError("its header is not an object");
  const { count, revision, columns } = parsed;
  if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) {
    throw new SlicesFormatError("its header has no valid count");
  }
  if (typeof revision !== "string") throw new SlicesFormatError("its header has no revision");
  if (!Array.isArray(columns)) throw new SlicesFormatError("its header lists no columns");
  const byName = new Map<string, Column>();
  for (const entry of columns as readonly unknown[]) {
    if (!isRecord(entry)) throw new SlicesFormatError("a column is not an object");
    const { name, type, offset } = entry;
    if (typeof name !== "string" || typeof type !== "string" || typeof offset !== "number") {
      throw new SlicesFormatError("a column lacks its name, type or offset");
    }
    byName.set(name, { type, offset });
  }
  return { count, revision, columns: byName };
}

function readColumn<T extends ColumnType>(
  buffer: ArrayBuffer,
  begin: number,
  header: Header,
  name: string,
  type: T,
): InstanceType<(typeof COLUMN_TYPES)[T]> {
  const column = header.columns.get(name);
  if (!column) throw new SlicesFormatError(`the column ${name} is missing`);
  if (column.type !== type) throw new SlicesFormatError(`the column ${name} is ${column.type} instead of ${type}`);
  const constructor = COLUMN_TYPES[type];
  const offset = column.offset;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset % ALIGNMENT_BYTES !== 0) {
    throw new SlicesFormatError(`the column ${name} begins at ${offset}, which is not aligned`);
  }
  if (begin + offset + header.count * constructor.BYTES_PER_ELEMENT > buffer.byteLength) {
    throw new SlicesFormatError(`the column ${name} ends after the answer does`);
  }
  return new constructor(buffer, begin + offset, header.count) as InstanceType<(typeof COLUMN_TYPES)[T]>;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
