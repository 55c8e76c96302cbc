import { describe, expect, test } from "vitest";
import { NODE_HEIGHT, NODE_WIDTH, flowPicture } from "./flow";

function flow(from: string, to: string, bytes = 1) {
  return { from, to, transfers: 1, bytes, unknown: 0 };
}

describe("flowPicture", () => {
  test.each([1, 2, 3, 4, 7, 10])("%d devices lie in the picture and not on each other", (count) => {
    const devices = Array.from({ length: count }, (_, index) => `/device:GPU:${index}`);
    const { nodes, width, height } = flowPicture(devices, []);
    expect(nodes).toHaveLength(count);
    for (const [index, node] of nodes.entries()) {
      expect(node.x - NODE_WIDTH / 2).toBeGreaterThanOrEqual(0);
      expect(node.x + NODE_WIDTH / 2).toBeLessThanOrEqual(width);
      expect(node.y - NODE_HEIGHT / 2).toBeGreaterThanOrEqual(0);
      expect(node.y + NODE_HEIGHT / 2).toBeLessThanOrEqual(height);
      for (const other of nodes.slice(index + 1)) {
        expect(Math.abs(node.x - other.x) >= NODE_WIDTH || Math.abs(node.y - other.y) >= NODE_HEIGHT).toBe(true);
      }
    }
  });

  test("an arrow each way, on different ways, as wide as it has bytes", () => {
    const { arrows } = flowPicture(["a", "b"], [flow("a", "b", 100), flow("b", "a", 1)]);
    expect(arrows).toHaveLength(2);
    const [there, back] = arrows;
    expect(there?.labelY).not.toBe(back?.labelY);
    expect(there?.width).toBeGreaterThan(back?.width ?? Infinity);
  });

  test("knows devices that only a flow names, and leaves out what stays", () => {
    const { nodes, arrows } = flowPicture(["a"], [flow("a", "c"), flow("a", "a")]);
    expect(nodes.map(({ device }) => device)).toEqual(["a", "c"]);
    expect(arrows).toHaveLength(1);
  });
});
