import { expect, test } from "vitest";
import type { Node } from "../api/types";
import { placed } from "./icicle";

function node(number: number, parent: number | null, totalNs: number): Node {
  return {
    node: number,
    parent,
    kind: parent === null ? "thread" : "call",
    name: `n${number}`,
    definition_id: null,
    part: null,
    calls: 1,
    total_ns: totalNs,
    self_ns: 0,
    share: 0,
    how: "measured",
  };
}

/** Two threads; n1 has two children, of which the first has one. */
const NODES = [
  node(0, null, 100),
  node(1, 0, 80),
  node(2, 1, 50),
  node(3, 2, 50),
  node(4, 1, 20),
  node(5, null, 40),
  node(6, 5, 40),
];

const shape = (root: number | null) =>
  placed(NODES, root).map(({ node: { name }, depth, left, width }) => [name, depth, left, width]);

test("children lie side by side below their parent, and threads below each other", () => {
  expect(shape(null)).toEqual([
    ["n0", 0, 0, 1],
    ["n1", 1, 0, 0.8],
    ["n2", 2, 0, 0.5],
    ["n3", 3, 0, 0.5],
    ["n4", 2, 0.5, 0.2],
    ["n5", 4, 0, 0.4],
    ["n6", 5, 0, 0.4],
  ]);
});

test("a node that was chosen is as wide as everything, below what it lies in", () => {
  expect(shape(1)).toEqual([
    ["n0", 0, 0, 1],
    ["n1", 1, 0, 1],
    ["n2", 2, 0, 0.625],
    ["n3", 3, 0, 0.625],
    ["n4", 2, 0.625, 0.25],
  ]);
});

test("what is too narrow to be seen is left out, and what lies in it", () => {
  expect(placed([node(0, null, 1e6), node(1, 0, 10), node(2, 1, 10)], null)).toHaveLength(1);
});
