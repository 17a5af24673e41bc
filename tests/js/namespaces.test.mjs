import assert from "node:assert/strict";
import { test } from "node:test";

import {
  choose,
  chosenRows,
  eventsOf,
  inkOn,
  letter,
  listed,
  look,
  point,
  rowOf,
  shares,
  sifted,
  step,
  tableOfProcesses,
  wordsOf,
} from "../../book/_static/widgets/namespaces.mjs";

const t = (key, values = {}) => [key, ...Object.values(values)].join("|");
const SERIES = ["#0072B2", "#E69F00", "#009E73"];
const KINDS = ["net", "pid", "uts"];
const HOST = [1, "process 1", "", [0, 0, 0]];
const SHOP = [10, "httpd -f", "shop", [1, 1, 1]];
const TILL = [20, "sleep 600", "till", [1, 2, 2]];
const ROWS = [HOST, SHOP, TILL];
const INODES = [
  [100, 101],
  [200, 201, 202],
  [300, 301, 302],
];
const now = (given = {}) => {
  const frames = given.frames ?? [{ at: 0, rows: ROWS, inodes: INODES }];
  const index = given.index ?? frames.length - 1;
  const state = { kinds: KINDS, series: SERIES, chosen: given.chosen ?? ["shop", "till"] };
  return { state, frames, index, frame: frames[index] ?? null, mine: given.mine ?? {}, t };
};

test("letters go on after Z, and the host and the unknown have their own", () => {
  assert.deepEqual(
    [null, 0, 1, 26, 27, 52, 53].map((mark) => letter(mark, t)),
    ["?", "host", "A", "Z", "AA", "AZ", "BA"],
  );
});

test("where colours come round again the shape is another", () => {
  const looks = [1, 2, 3, 4, 7].map((mark) => look(mark, SERIES));
  const distinct = new Set(looks.map(({ fill, shape }) => `${fill} ${shape}`));
  assert.equal(distinct.size, 5);
  assert.equal(looks[0].fill, looks[3].fill);
  assert.deepEqual([look(0, SERIES).shape, look(null, SERIES).shape], ["host", "unknown"]);
});

test("letters are black or white, whichever is easier to read", () => {
  assert.deepEqual(["#0072B2", "#E69F00", "#000000", "#FFFFFF"].map(inkOn), [
    "#fff",
    "#000",
    "#fff",
    "#000",
  ]);
});

test("a container's name means its first process, else a command's beginning counts", () => {
  assert.equal(rowOf(ROWS, "till"), TILL);
  assert.equal(rowOf(ROWS, "host"), HOST);
  assert.equal(rowOf(ROWS, "httpd"), SHOP);
  assert.equal(rowOf(ROWS, "nobody"), null);
});

test("what is not known is neither shared nor apart", () => {
  assert.deepEqual(shares(SHOP, TILL), [true, false, false]);
  assert.deepEqual(shares([9, "x", "", [null, 1, 0]], SHOP), [null, true, false]);
});

test("two can be chosen; a third takes the place of the first, a second click lets go", () => {
  const mine = {};
  const given = now({ mine });
  assert.deepEqual(chosenRows(given), [SHOP, TILL]);
  choose(mine, chosenRows(given), HOST);
  assert.deepEqual(chosenRows(given), [TILL, HOST]);
  choose(mine, chosenRows(given), TILL);
  assert.deepEqual(chosenRows(given), [HOST]);
});

test("one who has gone is not compared, and comes back with the time line", () => {
  const frames = [
    { at: 0, rows: ROWS, inodes: INODES },
    { at: 2, rows: [HOST, SHOP], inodes: INODES },
  ];
  const mine = {};
  assert.deepEqual(chosenRows(now({ frames, mine })), [SHOP]);
  assert.deepEqual(chosenRows(now({ frames, mine, index: 0 })), [SHOP, TILL]);
});

test("a frame tells who came, who moved and who went", () => {
  const moved = [20, "sleep 600", "till", [0, 2, 2]];
  const came = [30, "sh", "till", [1, 2, 2]];
  const frames = [
    { at: 1, rows: ROWS, inodes: INODES },
    { at: 4.2, rows: [HOST, moved, came], inodes: INODES },
  ];
  const events = eventsOf(frames, 1);
  assert.deepEqual(
    [events.came, events.moved.map(({ row }) => row), events.gone],
    [[came], [moved], [SHOP]],
  );
  assert.deepEqual(eventsOf(frames, 0), { came: [], moved: [], gone: [] });
  const words = wordsOf(now({ frames, chosen: [] }));
  assert.ok(words.includes("says moved|3|who|sleep 600|20|till|says move|net|A|the host's"));
  assert.ok(words.includes("says new|3|who|sh|30|till"));
  assert.ok(words.includes("says gone|3|who|httpd -f|10|shop"));
});

test("words say what two share, what one has apart, and who is where one points", () => {
  assert.equal(
    wordsOf(now()),
    "says some|who|httpd -f|10|shop|who|sleep 600|20|till|net|and|pid|uts",
  );
  assert.ok(wordsOf(now({ chosen: ["host"] })).startsWith("says host|who host|process 1"));
  assert.ok(wordsOf(now({ chosen: ["shop"] })).endsWith("and|net, pid|uts"));
  const twin = [11, "sh", "shop", [1, 1, 1]];
  const alike = [{ at: 0, rows: [SHOP, twin], inodes: INODES }];
  assert.ok(wordsOf(now({ frames: alike, chosen: ["httpd", "sh"] })).startsWith("says all|"));
  const mine = {};
  point(mine, { kind: 0, mark: 1 });
  assert.ok(
    wordsOf(now({ mine })).endsWith(
      "says namespace|A|net|101|and|who|httpd -f|10|shop|who|sleep 600|20|till",
    ),
  );
  point(mine, { kind: 0, mark: 1 });
  assert.equal(mine.point, null);
  assert.equal(wordsOf(now({ frames: [] })), "says nothing");
});

test("lists read as one says them", () => {
  assert.deepEqual(
    [listed([], t), listed(["a"], t), listed(["a", "b", "c"], t)],
    ["", "a", "and|a, b|c"],
  );
});

test("the filter looks at container, command and number", () => {
  assert.deepEqual(sifted(ROWS, "SHOP", t), [SHOP]);
  assert.deepEqual(sifted(ROWS, "sleep", t), [TILL]);
  assert.deepEqual(sifted(ROWS, " host ", t), [HOST]);
  assert.deepEqual(sifted(ROWS, "nothing such", t), []);
});

test("keys lead through the grid and stop at its edges", () => {
  const size = { rows: 3, columns: 4 };
  const from = { row: 0, column: 3 };
  assert.deepEqual(step("ArrowDown", from, size), { row: 1, column: 3 });
  assert.deepEqual(step("ArrowRight", from, size), from);
  assert.deepEqual(step("ArrowUp", from, size), from);
  assert.deepEqual(step("Home", from, size), { row: 0, column: 0 });
  assert.deepEqual(step("PageDown", from, size), { row: 2, column: 3 });
  assert.equal(step("a", from, size), null);
});

test("the table has every process and every kind", () => {
  const { head, rows } = tableOfProcesses(now());
  assert.equal(head.length, 3 + KINDS.length);
  assert.deepEqual(rows[2], ["till", "sleep 600", "20", "A", "B", "B"]);
});
