/** Where devices and the arrows between them lie in a picture. */

import type { Flow } from "../api/types";

export interface DeviceNode {
  readonly device: string;
  readonly x: number;
  readonly y: number;
}

export interface FlowArrow {
  readonly flow: Flow;
  /** An SVG path from the edge of one node to that of the other. */
  readonly path: string;
  readonly labelX: number;
  readonly labelY: number;
  /** From 1 (least) to 4 (most bytes). */
  readonly width: number;
}

export interface FlowPicture {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly DeviceNode[];
  readonly arrows: readonly FlowArrow[];
}

export const NODE_WIDTH = 132;
export const NODE_HEIGHT = 34;
const MARGIN = 24;
const LABEL_DISTANCE = 15;

/** Lays devices out: two side by side, more on an ellipse, so that no arrow lies on another's node. */
export function flowPicture(devices: readonly string[], flows: readonly Flow[]): FlowPicture {
  const names = [...new Set([...devices, ...flows.flatMap(({ from, to }) => [from, to])])];
  const [width, height] = names.length <= 2 ? [560, 150] : [680, 150 + 60 * Math.ceil(names.length / 2)];
  const nodes = names.map((device, index) => ({ device, ...place(index, names.length, width, height) }));
  const nodeOf = new Map(nodes.map((node) => [node.device, node]));
  const most = Math.max(1, ...flows.map(({ bytes }) => bytes));
  const arrows = flows.flatMap((flow) => {
    const [from, to] = [nodeOf.get(flow.from), nodeOf.get(flow.to)];
    return from && to && from !== to ? [arrow(flow, from, to, 1 + 3 * Math.sqrt(flow.bytes / most))] : [];
  });
  return { width, height, nodes, arrows };
}

function place(
  index: number,
  count: number,
  width: number,
  height: number,
): { readonly x: number; readonly y: number } {
  const [middleX, middleY] = [width / 2, height / 2];
  const radiusX = middleX - NODE_WIDTH / 2 - MARGIN;
  if (count === 1) return { x: middleX, y: middleY };
  if (count === 2) return { x: index === 0 ? middleX - radiusX : middleX + radiusX, y: middleY };
  const angle = (2 * Math.PI * index) / count - Math.PI / 2;
  return {
    x: middleX + radiusX * Math.cos(angle),
    y: middleY + (middleY - NODE_HEIGHT / 2 - MARGIN) * Math.sin(angle),
  };
}

/** Bent to its right, so that the arrow back lies beside it. */
function arrow(flow: Flow, from: DeviceNode, to: DeviceNode, width: number): FlowArrow {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const bend = Math.min(46, length * 0.22);
  const [controlX, controlY] = [(from.x + to.x) / 2 + (dy / length) * bend, (from.y + to.y) / 2 - (dx / length) * bend];
  const begin = edge(from, controlX, controlY);
  const end = edge(to, controlX, controlY);
  return {
    flow,
    path: `M${text(begin.x)} ${text(begin.y)} Q${text(controlX)} ${text(controlY)} ${text(end.x)} ${text(end.y)}`,
    // The middle of the curve, and a little outside of it.
    labelX: (begin.x + 2 * controlX + end.x) / 4 + (dy / length) * LABEL_DISTANCE * 2.5,
    labelY: (begin.y + 2 * controlY + end.y) / 4 - (dx / length) * LABEL_DISTANCE,
    width,
  };
}

/** Where the way from a node's middle to a point leaves the node. */
function edge(node: DeviceNode, x: number, y: number): { readonly x: number; readonly y: number } {
  const [dx, dy] = [x - node.x, y - node.y];
  const scale = Math.min(
    dx === 0 ? Infinity : (NODE_WIDTH / 2 + 4) / Math.abs(dx),
    dy === 0 ? Infinity : (NODE_HEIGHT / 2 + 4) / Math.abs(dy),
  );
  return Number.isFinite(scale) ? { x: node.x + dx * scale, y: node.y + dy * scale } : { x: node.x, y: node.y };
}

function text(value: number): string {
  return String(Math.round(value * 10) / 10);
}
