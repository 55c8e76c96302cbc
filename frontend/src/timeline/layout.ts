/** Where lanes and rows lie, in CSS pixels from the top of the content. */

import type { LaneInfo } from "../api/types";

export const ROW_HEIGHT_PX = 20;
export const ROW_GAP_PX = 1;
export const LANE_PADDING_PX = 8;
/** Room for a lane's label, however few its rows are. */
const MIN_LANE_HEIGHT_PX = 44;
/** Lanes of ops have one line of label. */
const MIN_OPS_HEIGHT_PX = 28;
const OPS_PADDING_PX = 4;

export interface PlacedLane {
  readonly info: LaneInfo;
  readonly topPx: number;
  readonly heightPx: number;
  /** Where the first row begins. */
  readonly rowsTopPx: number;
}

export interface Layout {
  readonly lanes: readonly PlacedLane[];
  readonly heightPx: number;
}

export function layOut(lanes: readonly LaneInfo[]): Layout {
  let topPx = 0;
  const placed = lanes.map((info): PlacedLane => {
    const [paddingPx, leastPx] = info.ops ? [OPS_PADDING_PX, MIN_OPS_HEIGHT_PX] : [LANE_PADDING_PX, MIN_LANE_HEIGHT_PX];
    const heightPx = Math.max(leastPx, info.rows * ROW_HEIGHT_PX + 2 * paddingPx);
    const lane = { info, topPx, heightPx, rowsTopPx: topPx + paddingPx };
    topPx += heightPx;
    return lane;
  });
  return { lanes: placed, heightPx: topPx };
}

export function lanesOnScreen(layout: Layout, scrollTopPx: number, heightPx: number): readonly PlacedLane[] {
  return layout.lanes.filter((lane) => lane.topPx + lane.heightPx > scrollTopPx && lane.topPx < scrollTopPx + heightPx);
}

export interface RowHit {
  readonly lane: PlacedLane;
  readonly row: number;
}

export function rowAt(layout: Layout, contentYPx: number): RowHit | null {
  const lane = layout.lanes.find((lane) => contentYPx >= lane.topPx && contentYPx < lane.topPx + lane.heightPx);
  if (!lane) return null;
  const row = Math.floor((contentYPx - lane.rowsTopPx) / ROW_HEIGHT_PX);
  return row >= 0 && row < lane.info.rows ? { lane, row } : null;
}
