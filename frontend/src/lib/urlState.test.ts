import { expect, test } from "vitest";
import { DEFAULT_URL_STATE, isStep, parseHash, writeHash, type UrlState } from "./urlState";

const FULL: UrlState = {
  run: "train/a&b=c é",
  compare: "train/b",
  view: "timeline",
  window: { beginNs: -5, endNs: 1_000_000 },
  range: { beginNs: 7, endNs: 9 },
  call: { process: 1, callId: 42 },
  trace: 3,
  filter: "step #1",
  ops: [0, 3],
  renderer: "canvas2d",
};

test("what is written is what is read", () => {
  expect(parseHash(writeHash("#modetrace", FULL))).toEqual(FULL);
});

test("an address without our keys is the default state, and the default state adds none", () => {
  expect(parseHash("")).toEqual(DEFAULT_URL_STATE);
  expect(parseHash("#modetrace")).toEqual(DEFAULT_URL_STATE);
  expect(writeHash("#modetrace", DEFAULT_URL_STATE)).toBe("#modetrace");
});

test("keys of others stay, ours are replaced", () => {
  const hash = "#modetrace&tagFilter=loss&p.modetrace.run=old&p.hparams.x=1";
  expect(writeHash(hash, { ...DEFAULT_URL_STATE, run: "new" })).toBe(
    "#modetrace&tagFilter=loss&p.hparams.x=1&p.modetrace.run=new",
  );
});

test.each([
  ["view=nonsense", "view"],
  ["window=5-5", "window"],
  ["window=9-1", "window"],
  ["window=a-b", "window"],
  ["window=1-99999999999999999999", "window"],
  ["call=7", "call"],
  ["call=-1.5", "call"],
  ["trace=1.5", "trace"],
  ["renderer=svg", "renderer"],
] as const)("a malformed %s is as if absent", (text, key) => {
  expect(parseHash(`#modetrace&p.modetrace.${text}`)[key]).toEqual(DEFAULT_URL_STATE[key]);
});

test("the back button undoes another view, run or selection, and neither a pan nor a letter typed", () => {
  const step = (change: Partial<UrlState>) => isStep(FULL, { ...FULL, ...change });
  expect([step({ view: "traces" }), step({ run: "other" }), step({ trace: 4 }), step({ range: null })]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([step({ call: null }), step({ call: { process: 1, callId: 43 } })]).toEqual([true, true]);
  expect([step({ window: null }), step({ filter: "" }), step({ ops: [] }), step({})]).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("a broken escape does not throw", () => {
  expect(parseHash("#modetrace&p.modetrace.run=%E0%A4%A").run).toBe("%E0%A4%A");
});
