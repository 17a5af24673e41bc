import assert from "node:assert/strict";
import { test } from "node:test";

import {
  SIGNS,
  bytesUpTo,
  countKinds,
  flatten,
  historyOf,
  keyPressed,
  openAtFirst,
  rowsOf,
  sift,
  toggle,
  unpack,
} from "../../book/_static/widgets/layer_tree.mjs";
import { describe, tableOfLayers, wordsOfLayers } from "../../book/_static/widgets/layer_words.mjs";

// name, depth, kind, layer, size, hidden by, how, marks: as helpers/views/layer_explorer.py writes
const NOTES = [
  ["/", 0, "i", 0, 0, 0, ".", 0],
  ["bin", 1, "d", 1, 0, 0, ".", 0],
  ["ash", 2, "f", 1, 20, 0, ".", 0],
  ["sh", 2, "f", 1, 20, 0, ".", 2],
  ["srv", 1, "d", 2, 0, 0, ".", 0],
  ["data", 2, "f", 2, 8, 0, ".", 0],
  ["draft", 2, "f", 2, 4, 3, "w", 0],
  ["settings", 2, "f", 2, 3, 3, "r", 0],
  ["", 2, "f", 3, 3, 4, "r", 1],
  ["", 2, "f", 4, 5, 0, ".", 0],
  ["tmp", 1, "d", 1, 0, 0, ".", 0],
  ["", 1, "q", 4, 0, 0, ".", 0],
  ["ghost", 2, "w", 4, 0, 0, ".", 0],
];
const LAYERS = [
  { by: "FROM", stored: 20, hidden: 0, hides: 0, twins: 0 },
  { by: "RUN one", stored: 15, hidden: 7, hides: 0, twins: 0 },
  { by: "RUN two", stored: 3, hidden: 3, hides: 7, twins: 3 },
  { by: "RUN three", stored: 5, hidden: 0, hides: 3, twins: 0 },
];

function stateOf(rows) {
  const column = (index, between) => rows.map((row) => row[index] || "").join(between);
  return {
    shared: 1,
    beside: "base",
    layers: LAYERS,
    files: {
      names: column(0, "\n"),
      depths: column(1, ","),
      kinds: column(2, ""),
      layers: column(3, ","),
      sizes: column(4, ","),
      hidden: column(5, ","),
      how: column(6, ""),
      marks: rows.map((row) => row[7]).join(""),
      targets: rows.map(() => "").join("\n"),
    },
  };
}

const STATE = stateOf(NOTES);
const tree = unpack(STATE);
const t = (key, values = {}) => [key, ...Object.values(values)].join(" ");

/** Everything that a choice shows, all directories open. */
function mineOf(changes, of = tree) {
  const open = new Set(of.name.keys());
  const start = { layer: 4, only: false, text: "", kind: "any", open, closed: new Set() };
  const choice = { ...start, ...changes };
  const rows = rowsOf(of, choice);
  const sifted = sift(of, rows, choice);
  return { tree: of, choice, rows, sifted, flat: flatten(of, rows, sifted, choice), selected: -1 };
}

/** The rows of a choice as short texts: "A2 /srv/data". */
function seen(changes, of = tree) {
  const { rows, flat, tree: made } = mineOf(changes, of);
  return flat.shown.map((row) => {
    const [n, v] = [rows.node[row], rows.version[row]];
    const sign = SIGNS[rows.sign[row]].slice(0, 1).toUpperCase() || "-";
    return `${sign}${v < 0 ? "" : made.layer[v]} ${made.path[n]}`;
  });
}

test("a tree is unpacked with parents, ends and paths", () => {
  assert.deepEqual(tree.path.slice(0, 5), ["/", "/bin", "/bin/ash", "/bin/sh", "/srv"]);
  assert.deepEqual([...tree.parent.slice(0, 6)], [-1, 0, 1, 1, 0, 4]);
  assert.deepEqual([tree.end[0], tree.end[1], tree.end[4]], [10, 4, 8]);
});

test("all up to a layer: what a container sees, and beneath it what is hidden", () => {
  const top = seen({});
  assert.deepEqual(top.slice(0, 4), ["- /", "S1 /bin", "S1 /bin/ash", "S1 /bin/sh"]);
  assert.deepEqual(top.slice(4, 10), [
    "A2 /srv",
    "A2 /srv/data",
    "D2 /srv/draft",
    "C4 /srv/settings",
    "R3 /srv/settings",
    "R2 /srv/settings",
  ]);
  assert.deepEqual(seen({ layer: 2 }).slice(5, 8), [
    "A2 /srv/data",
    "A2 /srv/draft",
    "A2 /srv/settings",
  ]);
});

test("one layer alone: what it added, changed and deleted", () => {
  assert.deepEqual(seen({ layer: 3, only: true }), [
    "- /",
    "- /srv",
    "D2 /srv/draft",
    "C3 /srv/settings",
  ]);
  assert.deepEqual(seen({ layer: 4, only: true }).slice(-2), ["C /tmp", "D4 /tmp/ghost"]);
});

test("a filter leaves what matches and the way to it", () => {
  assert.deepEqual(seen({ text: "DRA" }), ["- /", "A2 /srv", "D2 /srv/draft"]);
  assert.deepEqual(seen({ kind: "hidden", text: "settings" }).length, 4);
  assert.deepEqual(seen({ text: "nowhere" }), []);
  assert.deepEqual(countKinds(mineOf({ text: "/srv/" }).sifted.signs), {
    any: 5,
    added: 1,
    changed: 1,
    deleted: 1,
    hidden: 3,
  });
});

test("directories add up what is shown in them, a file with two names once", () => {
  const { sifted, rows } = mineOf({});
  const sum = (n) => [sifted.files[rows.folder[n]], sifted.bytes[rows.folder[n]]];
  assert.deepEqual(
    [sum(1), sum(4), sum(0)],
    [
      [2, 20],
      [5, 23],
      [7, 43],
    ],
  );
});

test("what is shut is skipped, and a filter opens it", () => {
  const open = new Set([0, 4]);
  assert.deepEqual(seen({ open }).slice(0, 3), ["- /", "S1 /bin", "A2 /srv"]);
  assert.deepEqual(seen({ open, text: "ash" }).at(-1), "S1 /bin/ash");
  const mine = mineOf({ open: new Set(), text: "ash" });
  toggle(1, mine.choice);
  assert.deepEqual([...mine.choice.closed], [1]);
  assert.equal(mine.choice.open.size, 0);
});

test("rows know their place among their siblings", () => {
  const { flat } = mineOf({ text: "/srv" });
  assert.deepEqual(flat.place, [1, 1, 1, 2, 3, 4, 5]);
  assert.deepEqual(flat.setSize, [1, 1, 5, 5, 5, 5, 5]);
});

test("what the image's own layers touched is open at first, and the way to the chosen one", () => {
  assert.deepEqual([...openAtFirst(tree, -1)], [0, 4, 8]);
  assert.ok(openAtFirst(tree, 2).has(1));
});

test("keys do what the tree pattern says", () => {
  const mine = mineOf({ open: new Set([0, 4]) });
  const press = (key, at) => keyPressed(key, { ...mine, shown: mine.flat.shown, at });
  const last = mine.flat.shown.length - 1;
  assert.deepEqual(press("ArrowDown", 0), { to: 1 });
  assert.deepEqual(press("ArrowUp", 0), { to: 0 });
  assert.deepEqual([press("End", 1), press("Home", 3)], [{ to: last }, { to: 0 }]);
  assert.deepEqual(press("ArrowRight", 1), { toggle: 1 });
  assert.deepEqual(press("ArrowRight", 2), { to: 3 });
  assert.deepEqual(press("ArrowRight", 3), {});
  assert.deepEqual(press("ArrowLeft", 3), { to: 2 });
  assert.deepEqual(press("ArrowLeft", 2), { toggle: 4 });
  assert.deepEqual(press("ArrowLeft", 1), { to: 0 });
  assert.deepEqual(press("t", 0), { to: last });
  assert.deepEqual(press("Enter", 0), { select: true });
  assert.equal(press("Tab", 0), null);
});

test("a path's life is told from the bottom up", () => {
  const told = (n) => historyOf(tree, n).map(({ layer, what }) => `${layer} ${what}`);
  assert.deepEqual(told(6), ["2 says added", "3 says deleted"]);
  assert.deepEqual(told(7), ["2 says added", "3 says twin", "4 says changed"]);
  assert.deepEqual(told(9), ["4 says whiteout"]);
  assert.deepEqual(told(0), []);
});

test("bytes up to a layer are those of an image that ends there", () => {
  assert.deepEqual(bytesUpTo(LAYERS, 2), { stored: 35, hidden: 0, seen: 35 });
  assert.deepEqual(bytesUpTo(LAYERS, 4), { stored: 43, hidden: 10, seen: 33 });
});

test("words and table follow the choice", () => {
  const now = { state: STATE, t };
  const mine = mineOf({ layer: 3, only: true });
  assert.match(wordsOfLayers(mine, now), /^says only 3 RUN two 3 B 7 B/);
  const filtered = wordsOfLayers({ ...mineOf({ kind: "deleted" }), selected: 6 }, now);
  assert.match(filtered, /^says upto 4 43 B 33 B 10 B says filter 1 4 B says path \/srv\/draft/);
  const { head, rows } = tableOfLayers(mine, now);
  assert.equal(head.length, 4);
  assert.deepEqual(rows[0].slice(0, 3), ["RUN three", 5, 4]);
  assert.deepEqual(rows.slice(4), [
    ["/srv/draft", 4, 2, "deleted, deleted by 3"],
    ["/srv/settings", 3, 3, "changed, same bytes 2"],
  ]);
});

test("a row's name for a screen reader says all that its colours say", () => {
  const mine = mineOf({});
  const labels = mine.flat.shown.map((row) => describe(mine, row, { state: STATE, t }).label);
  assert.ok(labels.includes("draft, 4 B, deleted, layer 2, deleted by 3"));
  assert.ok(labels.includes("tmp/, empty, same, layer 1, opaque 4"));
});

// -- against a naive reading: each path by itself, without trees

function random(seed) {
  let at = seed;
  return (most) => {
    at = (at * 1103515245 + 12345) % 2147483648;
    return Math.floor((at / 2147483648) * most);
  };
}

test("a filter keeps exactly what one would pick by hand, in any tree", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const draw = random(seed);
    const rows = [["/", 0, "d", 1, 0, 0, ".", 0]];
    let depth = 0;
    for (let n = 0; n < 60; n++) {
      depth = 1 + draw(depth + 1);
      const folder = draw(3) === 0;
      rows.push([`n${draw(9)}-${n}`, depth, folder ? "d" : "f", 1 + draw(4), n, 0, ".", 0]);
      if (!folder) depth -= 1;
    }
    const made = unpack(stateOf(rows));
    for (const text of ["", "n3", "n1-1", "zz"]) {
      const layer = 1 + draw(4);
      const picked = new Set();
      for (let n = 0; n < made.name.length; n++)
        if (made.layer[n] <= layer && made.path[n].includes(text))
          for (let at = n; at >= 0; at = made.parent[at]) picked.add(made.path[at]);
      const got = seen({ layer, text }, made).map((row) => row.slice(row.indexOf(" ") + 1));
      assert.deepEqual(
        got,
        made.path.filter((path) => picked.has(path)),
      );
    }
  }
});
