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
  readonly base: number;
  readonly bytes: number;
  readonly offset: number;
}

type Change = (header: Record<string, unknown> & { columns: ColumnHeader[] }) => unknown;

/** Encodes as docs/http_api.md says; `change` may spoil the header. */
export function encode(
  lanes: ReadonlyMap<number, Slices>,
  beginNs: number,
  change: Change = (header) => header,
): ArrayBuffer {
  const parts = [...lanes.values()];
  const columns: ColumnHeader[] = [];
  const body: number[] = [];
  const add = (name: string, type: string, stored: readonly number[]) => {
    const base = stored.reduce((least, value) => Math.min(least, value), stored[0] ?? 0);
    const most = stored.reduce((greatest, value) => Math.max(greatest, value - base), 0);
    let bytes = 0;
    while (256 ** bytes <= most) bytes++;
    columns.push({ name, type, base, bytes, offset: body.length });
    for (let place = 0; place < bytes; place++) {
      body.push(...stored.map((value) => Math.floor((value - base) / 256 ** place) % 256));
    }
  };
  const joined = (of: (part: Slices) => ArrayLike<number>) => parts.flatMap((part) => Array.from(of(part)));
  add(
    "start_ns",
    "float64",
    parts.flatMap(({ startNs, durationNs, row }) =>
      Array.from(startNs, (start, index) => {
        const continues = index > 0 && row[index] === row[index - 1];
        return start - (continues ? (startNs[index - 1] ?? 0) + (durationNs[index - 1] ?? 0) : beginNs);
      }),
    ),
  );
  add(
    "duration_ns",
    "float64",
    joined(({ durationNs }) => durationNs),
  );
  const callIds = joined(({ callId }) => callId);
  add(
    "call_id",
    "float64",
    callIds.map((id, index) => id - (callIds[index - 1] ?? 0)),
  );
  add(
    "function_id",
    "int32",
    joined(({ functionId }) => functionId),
  );
  add(
    "trace_id",
    "int32",
    joined(({ traceId }) => traceId),
  );
  add(
    "calls",
    "int32",
    joined(({ calls }) => calls),
  );
  add(
    "row",
    "uint16",
    joined(({ row }) => row),
  );
  add(
    "mode",
    "uint8",
    joined(({ mode }) => mode),
  );
  add(
    "flags",
    "uint8",
    joined(({ flags }) => flags),
  );
  const header = {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    revision: parts[0]?.revision ?? "1",
    begin_ns: beginNs,
    lanes: [...lanes].map(([lane, { count }]) => ({ lane, count })),
    columns,
  };
  const text = new TextEncoder().encode(JSON.stringify(change(header)));
  const bytes = new Uint8Array(4 + text.length + body.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(body, 4 + text.length);
  return bytes.buffer;
}
