import assert from "node:assert/strict";
import { test } from "node:test";

import { chosen, change } from "../../book/_static/widgets/layer_choice.mjs";
import { actsOf, stacked, withOwn, wordsOfActs } from "../../book/_static/widgets/layer_live.mjs";
import { unpack } from "../../book/_static/widgets/layer_tree.mjs";
import { describe, tableOfLayers, wordsOfLayers } from "../../book/_static/widgets/layer_words.mjs";

// name, depth, kind, layer, size, hidden by, how, marks: as helpers/views/layer_explorer.py writes
const IMAGE = [
  ["/", 0, "i", 0, 0, 0, ".", 0],
  ["srv", 1, "d", 1, 0, 0, ".", 0],
  ["big", 2, "f", 1, 100, 0, ".", 0],
  ["old", 2, "d", 1, 0, 0, ".", 0],
  ["one", 3, "f", 1, 2, 0, ".", 0],
];
const CHANGED = [
  ["/new", 1, "i", 0, 0, 0, ".", 0],
  ["/new/a", 2, "f", 2, 3, 0, ".", 0],
  ["/srv/big", 2, "f", 1, 100, 2, "r", 0],
  ["", 2, "f", 2, 101, 0, ".", 0],
  ["/srv/old", 2, "d", 1, 0, 0, ".", 0],
  ["", 2, "q", 2, 0, 0, ".", 0],
  ["/srv/old/one", 3, "f", 1, 2, 2, "o", 0],
];

function columns(rows) {
  const column = (index, between) => rows.map((row) => row[index] || "").join(between);
  return {
    names: column(0, "\n"),
    depths: column(1, ","),
    kinds: column(2, ""),
    layers: column(3, ","),
    sizes: column(4, ","),
    hidden: column(5, ","),
    how: column(6, ""),
    marks: rows.map((row) => row[7]).join(""),
    targets: rows.map(() => "").join("\n"),
  };
}

const STATE = {
  live: true,
  own: "own",
  shared: 1,
  beside: "",
  selected: -1,
  layers: [{ by: "FROM", stored: 102, hidden: 0, hides: 0, twins: 0 }],
  scores: {},
  files: columns(IMAGE),
};
const FIRST = {
  at: 0,
  layers: [
    [102, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  files: null,
  acts: [],
  blind: false,
};
const SECOND = {
  at: 2,
  layers: [
    [102, 102, 0, 0],
    [104, 0, 102, 0],
  ],
  files: columns(CHANGED),
  acts: [
    ["read /srv/big", 0.2, 0],
    ["append /srv/big", 204, 101],
  ],
  blind: true,
};
const t = (key, values = {}) => [key, ...Object.values(values)].join(" ");
const look = (frame, mine = {}) => {
  const now = stacked({ mine, state: STATE, frame, t, redraw: () => {} });
  return { now, mine: chosen(now) };
};
const labels = ({ now, mine }) => mine.flat.shown.map((row) => describe(mine, row, now).label);

test("rows of a frame replace and join those of the image, in the order of a tree", () => {
  const tree = unpack(withOwn(STATE, SECOND));
  assert.deepEqual(tree.path, [
    "/",
    "/new",
    "/new/a",
    "/srv",
    "/srv/big",
    "/srv/old",
    "/srv/old/one",
  ]);
  assert.deepEqual([...tree.layer], [0, 0, 2, 1, 1, 2, 1, 2, 1]);
  assert.deepEqual([...tree.depth], [0, 1, 2, 1, 2, 2, 3]);
});

test("a name that begins like a directory's does not come between it and what is in it", () => {
  const more = { ...SECOND, files: columns([["/srv-x", 1, "f", 2, 1, 0, ".", 0]]) };
  assert.deepEqual(unpack(withOwn(STATE, more)).path.slice(-2), ["/srv/old/one", "/srv-x"]);
});

test("at first what the container did is shown, its directories open", () => {
  const seen = look(SECOND);
  assert.deepEqual([seen.mine.choice.layer, seen.mine.choice.only], [2, true]);
  assert.deepEqual(labels(seen), [
    "/, folder 3 106 B",
    "new/, one file 1 3 B",
    "a, 3 B, added, layer 2",
    "srv/, folder 2 103 B",
    "big, 101 B, changed, layer 2, was 100 B 1",
    "old/, one file 1 2 B, changed, layer 2, opaque 2",
    "one, 2 B, deleted, layer 1, emptied by 2",
  ]);
});

test("bytes are the frame's: what is stored, hidden, and the image's part", () => {
  const { scores, layers } = withOwn(STATE, SECOND);
  assert.deepEqual(scores, { stored: 206, seen: 104, hidden: 102, twins: 0, shared: 102 });
  assert.deepEqual([layers[1].by, layers[0].hidden, layers[1].hides], ["own", 102, 102]);
  assert.equal(withOwn(STATE, null).layers[1].stored, 0);
});

test("a choice outlives a frame: layer, filter, what is open and what was shut", () => {
  const { mine, now } = look(FIRST);
  change(now, { layer: 1, only: false, text: "big" });
  mine.selected = mine.tree.path.indexOf("/srv/big");
  const after = look(SECOND, mine);
  assert.equal(after.mine, mine);
  assert.deepEqual([mine.choice.layer, mine.choice.text], [1, "big"]);
  assert.equal(mine.tree.path[mine.selected], "/srv/big");
  assert.ok(mine.choice.open.has(mine.tree.path.indexOf("/new")));
  mine.choice.open.delete(mine.tree.path.indexOf("/srv/old"));
  look({ ...SECOND, at: 3 }, mine);
  assert.ok(!mine.choice.open.has(mine.tree.path.indexOf("/srv/old")));
});

test("the same frame is worked out once", () => {
  const { now, mine } = look(SECOND);
  const { tree } = mine;
  assert.equal(look(SECOND, mine).now.state, now.state);
  assert.equal(mine.tree, tree);
});

test("acts are told with what they took, in words and in the table", () => {
  const { now, mine } = look(SECOND);
  assert.deepEqual(actsOf(now), [
    { what: "read /srv/big", cost: "act 0.2 0 B" },
    { what: "append /srv/big", cost: "act 204 grown 101 B" },
  ]);
  assert.deepEqual(wordsOfActs(now), ["says act append /srv/big 204 grown 101 B", "says blind"]);
  assert.deepEqual(tableOfLayers(mine, now).rows.at(-1)[0], "append /srv/big");
  assert.match(wordsOfLayers(mine, now), /^says only 2 own 104 B 102 B 0 0 1 2 1 0/);
});

test("an image at rest is not touched", () => {
  const still = { mine: {}, state: { ...STATE, live: undefined }, frame: null, t };
  assert.equal(stacked(still), still);
});
