import assert from "node:assert/strict";
import { test } from "node:test";

import {
  CARDS,
  filesOf,
  labelsOf,
  lifeOf,
  pathOf,
  topOf,
} from "../../book/_static/widgets/cgroups_cards.mjs";
import { asItIs, questionOf } from "../../book/_static/widgets/cgroups_form.mjs";
import {
  chosen,
  events,
  share,
  tableOfFrames,
  treeOf,
  wordsOf,
} from "../../book/_static/widgets/cgroups_words.mjs";

const t = (key, values = {}) => [key, ...Object.values(values)].join("|");
const group = (id, more = {}) => ({
  id,
  name: id,
  path: `/docker/${id}`,
  cores: 0.5,
  allowed: 0.5,
  throttled: 90,
  weight: 100,
  memory: 20,
  anon: 10,
  inactive: 2,
  high: "?",
  max: 64,
  pids: 3,
  most: null,
  some: [50, 0, null],
  io: [0, 1.5],
  killed: 0,
  refused: 0,
  met: 0,
  slowed: null,
  files: [
    ["cpu", "/cg/cpu*/cpu.max", "50000 100000"],
    ["pids", "/cg/pids*/pids.max", "max"],
  ],
  ...more,
});
const frames = [
  { at: 0, groups: [group("a")] },
  { at: 1, groups: [group("a", { cores: 0.1 }), group("b", { allowed: null, throttled: 0 })] },
];
const card = (part) => CARDS.find((each) => each.part === part);

test("the chosen group is shown, the first while it is not there", () => {
  assert.equal(chosen(frames[1], { chosen: "b" }).id, "b");
  assert.equal(chosen(frames[0], { chosen: "b" }).id, "a");
  assert.equal(chosen({ at: 0, groups: [] }, {}), null);
  assert.equal(chosen(null, {}), null);
});

test("the tree has each parent once, and its children below it", () => {
  const far = group("c", { path: "/system.slice/docker-c.scope" });
  assert.deepEqual(
    treeOf([group("b"), far, group("a")]).map(({ depth, name }) => [depth, name]),
    [
      [0, "docker"],
      [1, "a"],
      [1, "b"],
      [0, "system.slice"],
      [1, "c"],
    ],
  );
});

test("words tell of each group, of no limit and of what is not known", () => {
  const said = wordsOf({ frame: frames[1], t });
  assert.match(said, /^says at\|1 /);
  assert.match(said, /says cpu\|a\|0\.1\|0\.5/);
  assert.match(said, /says cpu free\|b\|0\.5\|no limit|says cpu free\|b\|0\.5\|unknown/);
  assert.match(said, /says some\|50\|0\|unknown/);
  assert.equal(wordsOf({ frame: null, t }), "says nothing");
});

test("what has happened is told, what has not is left out", () => {
  assert.deepEqual(events(group("a", { killed: 2, refused: 0 })), [
    ["throttled", 90],
    ["killed", 2],
  ]);
});

test("the table has a row for each group at each moment", () => {
  const { head, rows } = tableOfFrames({ frames, t });
  assert.equal(rows.length, 3);
  assert.ok(rows.every((row) => row.length === head.length));
  assert.deepEqual(rows[1].slice(0, 5), ["1", "a", "0.1", "0.5", "90"]);
  assert.equal(rows[2][3], "no limit");
});

test("a meter is full at its limit, and there is none without one", () => {
  assert.equal(share(32, 64), 0.5);
  assert.equal(share(70, 64), 1);
  assert.equal(share(5, null), null);
  assert.equal(share(null, 64), null);
  assert.equal(share(5, "?"), null);
});

test("a group's line is as long as its life", () => {
  assert.deepEqual(
    lifeOf(frames, "b").map(({ at }) => at),
    [1],
  );
});

test("the axis holds the limit, but not one far above what is used", () => {
  const life = (max, memory) => [{ at: 0, group: group("a", { max, memory, anon: 1 }) }];
  assert.ok(topOf(card("memory"), life(64, 60)) >= 64);
  assert.ok(topOf(card("memory"), life(4096, 20)) < 64);
  assert.equal(topOf(card("pressure"), life(1, 1)), 100);
});

test("labels say the limit as it is: a number, none, or not known", () => {
  const texts = (part, more) => labelsOf(card(part), group("a", more), t).map(({ text }) => text);
  assert.deepEqual(texts("cpu"), ["allowed|0.5", "used|0.5", "throttled|90"]);
  assert.deepEqual(texts("pids"), ["limit|no limit", "used|3"]);
  assert.equal(texts("memory", { max: "?" })[0], "limit|unknown");
  assert.equal(texts("memory", { high: 48 })[1], "high|48");
});

test("beside a number stand the files it is from, with their whole path", () => {
  assert.deepEqual(filesOf(card("cpu"), group("a")), [
    ["/cg/cpu/docker/a/cpu.max", "50000 100000"],
  ]);
  assert.deepEqual(filesOf(card("io"), group("a")), []);
});

test("a limit is a step: it holds until it is changed", () => {
  const same = (value) => value;
  const points = [
    [0, 5],
    [2, 1],
  ];
  assert.equal(pathOf(points, same, same, true), "M0.0,5.0L2.0,5.0L2.0,1.0");
  assert.equal(pathOf(points, same, same), "M0.0,5.0L2.0,1.0");
  assert.equal(pathOf([[1, 1]], same, same), "M1.0,1.0h0.1");
});

test("only a number is asked for", () => {
  assert.deepEqual(questionOf(group("a"), "cpus", "0.2"), { group: "a", what: "cpus", value: 0.2 });
  for (const text of ["", " ", "x", "1e999"])
    assert.equal(questionOf(group("a"), "cpus", text), null);
  assert.equal(questionOf(null, "cpus", "1"), null);
  assert.equal(asItIs(group("a"), "memory"), 64);
  assert.equal(asItIs(group("a"), "pids"), "");
});
