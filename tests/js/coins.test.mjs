import assert from "node:assert/strict";
import { test } from "node:test";

import {
  apart,
  plotsOf,
  spells,
  tableOfFrames,
  wordsOf,
} from "../../book/_static/widgets/coins.mjs";
import { roundUp, runs, ticks } from "../../book/_static/widgets/plots.mjs";

const t = (key, values = {}) => [key, ...Object.values(values)].join("|");
const seen = (at, more = {}) => ({
  at,
  workers: 10,
  rngs: 1,
  rate: 9.9,
  allows: 10,
  cap: 10,
  rng: 800,
  expects: 800,
  hasher: 110,
  cpu: [2, 1.5],
  ...more,
});
const ALL = { services: ["worker", "rng"], plots: ["rate", "wait", "cpu"], model: true };
const RATE = { ...ALL, plots: ["rate"], model: false };
const now = (frames, { index = frames.length - 1, state = ALL } = {}) => ({
  state,
  frames,
  frame: frames[index] ?? null,
  t,
});

test("axes end at numbers whose half one can read", () => {
  assert.deepEqual([3.6, 11, 22, 85, 105, 930].map(roundUp), [4, 12, 24, 100, 120, 1000]);
});

test("the time axis has steps of clocks, few enough to be read", () => {
  assert.deepEqual(ticks(12, 6), [0, 2, 4, 6, 8, 10, 12]);
  assert.deepEqual(ticks(100, 4), [0, 30, 60, 90]);
  assert.ok(ticks(90_000, 4).length <= 5);
});

test("a line breaks where nobody looked and where nothing is known", () => {
  const frames = [0, 1, 2, 30, 31, 32, 33].map((at) => seen(at, { rate: at === 32 ? null : at }));
  assert.deepEqual(
    runs(frames, (frame) => frame.rate).map((run) => run.map(([at]) => at)),
    [[0, 1, 2], [30, 31], [33]],
  );
  assert.deepEqual(
    runs([], (frame) => frame.rate),
    [],
  );
});

test("a crew lasts until another is seen", () => {
  const frames = [1, 1, 3, 3].map((workers, at) => seen(at, { workers }));
  assert.deepEqual(
    spells(frames, (frame) => frame.workers, 4),
    [
      { from: 0, to: 2, number: 1 },
      { from: 2, to: 4, number: 3 },
    ],
  );
});

test("labels keep their order, do not cover each other and stay inside", () => {
  const places = apart([70, 70, 10, 72], 72);
  const sorted = places.toSorted((a, b) => a - b);
  assert.equal(places[2], 10);
  assert.ok(places[0] < places[1] && places[1] < places[3] && places[3] === 72);
  assert.ok(sorted.every((y, index) => index === 0 || y - sorted[index - 1] >= 14));
});

test("each line has its meaning: what was measured, what the model says, what limits", () => {
  const frames = [seen(0), seen(1, { rngs: 2, cap: 20, allows: 20, rate: 19 })];
  const [rate, wait, cpu] = plotsOf(now(frames));
  const kinds = (plot) => plot.lines.map(({ kind, label }) => `${kind} ${label}`);
  assert.deepEqual(kinds(rate), ["model model", "limit cap", "measured measured"]);
  assert.deepEqual(kinds(wait), ["model model", "measured hasher", "measured rng"]);
  assert.deepEqual(kinds(cpu), ["limit one core", "measured percent", "measured percent"]);
  assert.deepEqual([rate.top, wait.top, cpu.top], [24, 1000, 100]);
  assert.equal(cpu.lines[2].value(frames[0]), 1.5);
});

test("the CPU axis grows past one core where something uses more", () => {
  assert.equal(plotsOf(now([seen(0, { cpu: [150, null] })]))[2].top, 160);
});

test("words say the frame at the cursor", () => {
  const frames = [seen(3, { workers: 1, rate: 3.2 }), seen(45.2)];
  assert.equal(
    wordsOf(now(frames)),
    "says rate|42|workers|10|rngs|1|9.9 says model|10 says waits|800|110 says cpu|2",
  );
  assert.ok(wordsOf(now(frames, { index: 0 })).startsWith("says rate|0|one worker|1|"));
  assert.equal(wordsOf(now([])), "says nothing");
});

test("what is not known is said to be, and never 0", () => {
  const none = seen(0, { rate: null, rng: null, hasher: null, cpu: [null, null] });
  const words = wordsOf(now([none]));
  for (const key of ["says no rate", "says no waits", "says no cpu"])
    assert.ok(words.includes(key));
  assert.ok(wordsOf(now([seen(0, { cpu: [null, 3] })])).endsWith("says some cpu|3"));
  const { head, rows } = tableOfFrames(now([none]));
  assert.equal(head.length, rows[0].length);
  assert.deepEqual(rows[0].slice(3), ["unknown", "10", "unknown", "unknown", "unknown", "unknown"]);
});

test("what is not drawn is neither said nor in the table", () => {
  const frames = [seen(0), seen(1)];
  const [rate, ...others] = plotsOf(now(frames, { state: RATE }));
  assert.deepEqual(others, []);
  assert.deepEqual(
    rate.lines.map(({ kind }) => kind),
    ["measured"],
  );
  assert.equal(rate.top, 12);
  assert.equal(wordsOf(now(frames, { state: RATE })), "says rate|1|workers|10|rngs|1|9.9");
  assert.deepEqual(tableOfFrames(now(frames, { state: RATE })).rows[1], ["1", "10", "1", "9.9"]);
});
