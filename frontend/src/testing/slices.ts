/** Slices for tests, and the bytes a server would send of them. */

import type { Slices } from "../api/slices";

export interface TestSlice {
  readonly startNs: number;
  readonly durationNs: number;
  readonly row?: number;
  readonly callId?: number;
  readonly functionId?: number;
  readonly traceId?: number;
  readonly calls?: number;
  readonly mode?: number;
  readonly flags?: number;
}

export function slices(rows: readonly TestSlice[], revision = "1"): Slices {
  const of = (value: (slice: TestSlice, index: number) => number) => rows.map(value);
  return {
    count: rows.length,
    revision,
    startNs: Float64Array.from(of((slice) => slice.startNs)),
    durationNs: Float64Array.from(of((slice) => slice.durationNs)),
    callId: Float64Array.from(of((slice, index) => slice.callId ?? index)),
    functionId: Int32Array.from(of((slice) => slice.functionId ?? 0)),
    traceId: Int32Array.from(of((slice) => slice.traceId ?? -1)),
    calls: Int32Array.from(of((slice) => slice.calls ?? 1)),
    row: Uint16Array.from(of((slice) => slice.row ?? 0)),
    mode: Uint8Array.from(of((slice) => slice.mode ?? 0)),
    flags: Uint8Array.from(of((slice) => slice.flags ?? 0)),
  };
}

export interface ColumnHeader {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
}

/** Encodes as docs/http_api.md says; `change` may spoil the header. */
export function encode(
  from: Slices,
  change: (header: Record<string, unknown> & { columns: ColumnHeader[] }) => unknown = (header) => header,
): ArrayBuffer {
  const columns: ColumnHeader[] = [];
  const bodies: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  let offset = 0;
  const add = (name: string, type: string, array: Float64Array | Int32Array | Uint16Array | Uint8Array) => {
    columns.push({ name, type, offset });
    bodies.push({ offset, bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength) });
    offset += Math.ceil(array.byteLength / 8) * 8;
  };
  add("start_ns", "float64", from.startNs);
  add("duration_ns", "float64", from.durationNs);
  add("call_id", "float64", from.callId);
  add("function_id", "int32", from.functionId);
  add("trace_id", "int32", from.traceId);
  add("calls", "int32", from.calls);
  add("row", "uint16", from.row);
  add("mode", "uint8", from.mode);
  add("flags", "uint8", from.flags);
  const text = JSON.stringify(change({ count: from.count, revision: from.revision, columns }));
  const unpadded = new TextEncoder().encode(text);
  const headerBytes = Math.ceil((4 + unpadded.length) / 8) * 8 - 4;
  const bytes = new Uint8Array(4 + headerBytes + offset);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  bytes.fill(32, 4, 4 + headerBytes);
  bytes.set(unpadded, 4);
  for (const body of bodies) bytes.set(body.bytes, 4 + headerBytes + body.offset);
  return bytes.buffer;
}
