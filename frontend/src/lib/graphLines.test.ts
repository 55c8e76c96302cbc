import { expect, test } from "vitest";
import type { OwnLine, SourceInfo } from "../api/types";
import { textLines } from "./graphLines";

const SOURCE: SourceInfo = {
  function_id: 0,
  function: "step",
  file: "train.py",
  line: 12,
  text: "def step(x):\n    y = f(x)\n    return y",
  truncated: false,
};

function made(number: number): OwnLine {
  return { number, ops: 42, of_most: 1, repeats: 1, in_loop: false, through: [] };
}

test("what a line made stands beside its text, lines that made nothing among them", () => {
  const lines = textLines([made(13)], SOURCE);
  expect(lines.map(({ number, text, made: ops }) => [number, text.trim(), ops?.ops ?? null])).toEqual([
    [12, "def step(x):", null],
    [13, "y = f(x)", 42],
    [14, "return y", null],
  ]);
});

test("lines beyond the text that was kept are told without it", () => {
  expect(textLines([made(90), made(13)], SOURCE).map(({ number }) => number)).toEqual([12, 13, 14, 90]);
});

test("only the lines that made something are told where the text was not recorded", () => {
  expect(textLines([made(13)], null).map(({ number, text }) => [number, text])).toEqual([[13, ""]]);
});
