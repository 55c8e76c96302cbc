import { FLAG_RAISED } from "../api/slices";
import type { Highlight } from "./renderer";
import type { Tile } from "./tileCache";

const WORDS = 4;
const BYTES = 16;
export const STYLE_RAISED = 1;
export const STYLE_TRACED = 2;

/**
 * What WebGL needs of each slice, in 16 bytes: start and end relative to the tile in float32, row, and mode, flags, dimmed.
 *
 * Ends are cut off at the tile's borders: a float32 far outside would be too coarse, and nothing is drawn there.
 */
export function packInstances(tile: Tile, highlight: Highlight): ArrayBuffer {
  const { slices, beginNs, endNs } = tile;
  const buffer = new ArrayBuffer(slices.count * BYTES);
  const floats = new Float32Array(buffer);
  const shorts = new Uint16Array(buffer);
  const bytes = new Uint8Array(buffer);
  const spanNs = endNs - beginNs;
  for (let index = 0; index < slices.count; index++) {
    const startNs = (slices.startNs[index] ?? 0) - beginNs;
    const flags = slices.flags[index] ?? 0;
    floats[index * WORDS] = Math.max(startNs, -spanNs);
    floats[index * WORDS + 1] = Math.min(startNs + (slices.durationNs[index] ?? 0), 2 * spanNs);
    shorts[index * WORDS * 2 + 4] = slices.row[index] ?? 0;
    bytes[index * BYTES + 12] = slices.mode[index] ?? 0;
    bytes[index * BYTES + 13] =
      (flags & FLAG_RAISED ? STYLE_RAISED : 0) | ((slices.traceId[index] ?? -1) >= 0 ? STYLE_TRACED : 0);
    bytes[index * BYTES + 14] = highlight && !highlight.has(slices.functionId[index] ?? -1) ? 1 : 0;
  }
  return buffer;
}
