import { expect, test } from "vitest";
import { Columns, packed } from "./columns";

const RED = packed(1, 0, 0, 1);
const BLUE = packed(0, 0, 1, 1);
const DIMMED = packed(1, 0, 0, 0.25);
const rowOf = (columns: Columns, row: number) =>
  [...columns.pixels.slice(row * columns.width, (row + 1) * columns.width)].map(
    (colour) => ({ 0: ".", [RED]: "R", [BLUE]: "B", [DIMMED]: "d" })[colour],
  );

test("colours are laid out as ImageData has them", () => {
  expect([...new Uint8Array(new Uint32Array([packed(0.2, 0.4, 0.6, 1)]).buffer)]).toEqual([51, 102, 153, 255]);
});

test("nothing vanishes, however narrow, and nothing leaves its row", () => {
  const columns = new Columns(6, 3);
  columns.paint(1, 2.2, 2.3, RED);
  columns.paint(1, -9, 0.6, BLUE);
  columns.paint(1, 4.6, 40, BLUE);
  expect(rowOf(columns, 1).join("")).toBe("B.R..B");
  expect(rowOf(columns, 0).join("") + rowOf(columns, 2).join("")).toBe("............");
  columns.clear();
  expect(columns.pixels.every((colour) => colour === 0)).toBe(true);
});

test("what is dimmed covers nothing that is not", () => {
  const columns = new Columns(4, 1);
  columns.paint(0, 0, 4, DIMMED);
  columns.paint(0, 1, 2, BLUE);
  columns.paint(0, 0, 2, DIMMED);
  expect(rowOf(columns, 0).join("")).toBe("dBdd");
});
