import { expect, test } from "vitest";
import { finding } from "../testing/reports";
import { findingsByFunction } from "./findings";

test("findings are found by their function, in order", () => {
  const found = findingsByFunction([
    finding("large-constant", 1),
    finding("slow-tracing", 2),
    finding("varying-shape", 1),
    finding("version-conflict", null),
  ]);
  expect(found.get(1)?.map(({ id }) => id)).toEqual(["large-constant", "varying-shape"]);
  expect(found.get(3)).toBeUndefined();
});
