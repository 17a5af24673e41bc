import assert from "node:assert/strict";
import { test } from "node:test";

import {
  countText,
  countsOf,
  grown,
  lanesOf,
  tableOfStops,
  wordsOf,
} from "../../book/_static/widgets/packet_path.mjs";

const t = (key, values = {}) => [key, ...Object.values(values)].join("|");
const stop = (id, lane) => ({ id, lane, name: `the ${id}`, what: `<${id}>`, detail: "" });
const STATE = {
  container: "web",
  target: 80,
  dnat: true,
  proxy: true,
  stops: [
    stop("port", "in"),
    stop("dnat", "rules"),
    stop("proxy", "proxy"),
    stop("bridge", "out"),
    stop("container_end", "inside"),
    stop("process", "inside"),
  ],
};
const seen = (at, dnat, accepted, listening = ["0.0.0.0"]) => ({
  at,
  counts: {
    dnat: [dnat, null],
    bridge: [5, 4],
    container_end: [10 * accepted, 8 * accepted],
    process: [accepted, null],
  },
  listening,
});
const now = (frames, { index = frames.length - 1, state = STATE } = {}) => ({
  state,
  frames,
  frame: frames[index] ?? null,
  t,
});

test("stops keep their order within their lane", () => {
  const lanes = lanesOf(STATE);
  assert.deepEqual(Object.keys(lanes), ["in", "rules", "proxy", "out", "inside"]);
  assert.deepEqual(
    lanes.inside.map(({ id }) => id),
    ["container_end", "process"],
  );
});

test("what nobody counts is not a zero", () => {
  const frame = seen(0, 0, 3);
  assert.deepEqual(countsOf(frame, "proxy"), [null, null]);
  assert.equal(countText(frame, "proxy", t), "not counted");
  assert.equal(countText(frame, "dnat", t), "packets|0");
  assert.equal(countText(frame, "bridge", t), "both|5|4");
  assert.equal(countText(frame, "process", t), "connections|3");
  assert.equal(countText({ counts: { proxy: [57, null] } }, "proxy", t), "runs|57");
  assert.equal(grown(seen(1, 2, 3), seen(0, 0, 0), "dnat"), 2);
  assert.equal(grown(seen(1, 2, 3), seen(0, 0, 0), "proxy"), null);
  assert.equal(grown(null, null, "dnat"), null);
});

test("words say the frame at the cursor, and who came another way", () => {
  const frames = [seen(2, 0, 0), seen(5.2, 1, 4)];
  assert.equal(
    wordsOf(now(frames)),
    "says dnat|3|4|1 says another way|3 says cable|40|32 says listening|80|any|0.0.0.0",
  );
  assert.ok(wordsOf(now(frames, { index: 0 })).startsWith("says dnat|0|0|0 says cable|0|0"));
  assert.ok(
    wordsOf(now(frames, { state: { ...STATE, proxy: false } })).includes("says straight|3"),
  );
  assert.equal(wordsOf(now([])), "says nothing");
});

test("a service that hears only itself is told from one that is not there", () => {
  assert.ok(wordsOf(now([seen(0, 0, 0, ["127.0.0.1"])])).endsWith("says alone|80|127.0.0.1"));
  assert.ok(wordsOf(now([seen(0, 0, 0, ["127.0.0.1", "::"])])).includes("says listening"));
  assert.ok(wordsOf(now([seen(0, 0, 0, [])])).endsWith("says nobody|80"));
});

test("without a rule nothing is said of one", () => {
  const words = wordsOf(now([seen(0, 0, 2)], { state: { ...STATE, dnat: false } }));
  assert.ok(words.startsWith("says no dnat|0|2 says cable"));
});

test("the table has a row for each stop, and what it has counted since the first look", () => {
  const { head, rows } = tableOfStops(now([seen(0, 1, 1), seen(1, 4, 4)]));
  assert.equal(head.length, rows[0].length);
  assert.deepEqual(rows[1], ["the dnat", "<dnat>", "4", "", "3"]);
  assert.deepEqual(rows[2], ["the proxy", "<proxy>", "", "", ""]);
  assert.deepEqual(rows[4].slice(2), ["40", "32", "30"]);
});
