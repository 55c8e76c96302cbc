/** When a gesture counts as over. */

/** So long after its last movement it is over, if movements come as fast as they do where the machine is not busy. */
const SHORTEST_MS = 120;
/** Nobody waits longer than this for what they have zoomed to. */
const LONGEST_MS = 480;
/** After a longer pause, a movement begins a new gesture. */
const NEW_GESTURE_MS = 1000;

/**
 * How long to wait for another movement.
 *
 * A busy machine delivers the steps of a wheel far apart: each of them must not look like the end of a gesture.
 *
 * @param sinceLastMs how long ago the movement before this one was.
 */
export function settledAfterMs(sinceLastMs: number): number {
  if (sinceLastMs > NEW_GESTURE_MS) return SHORTEST_MS;
  return Math.min(Math.max(SHORTEST_MS, 3 * sinceLastMs), LONGEST_MS);
}
