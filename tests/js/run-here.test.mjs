import assert from "node:assert/strict";
import { test } from "node:test";

import { withoutTitle } from "../../book/_static/run-here/output.mjs";
import { counting } from "../../book/_static/run-here/progress.mjs";
import { Python, Stopped } from "../../book/_static/run-here/python.mjs";
import { sliders, withValue, written } from "../../book/_static/run-here/sliders.mjs";

const CODE = `import x

rate = 2.5  # run: 0.5..2.9 step 0.1
n=3 # run: 1..5 step 2
low = -2  # run: -4..-1 step 1
text = "a = 1"  # run: 1..2 step 1
    inner = 1  # run: 1..2 step 1
wrong = 1  # run: 1-2
rate * n`;

test("a slider is a comment on an assignment of a number, and nothing else is", () => {
  const found = sliders(CODE);
  assert.deepEqual(
    found.map(({ name, value, min, max, step }) => [name, value, min, max, step]),
    [
      ["rate", "2.5", "0.5", "2.9", "0.1"],
      ["n", "3", "1", "5", "2"],
      ["low", "-2", "-4", "-1", "1"],
    ],
  );
  for (const { value, start, end } of found) assert.equal(CODE.slice(start, end), value);
});

test("a slider's value is written into its line, with the digits of its step", () => {
  const [rate, n] = sliders(CODE);
  assert.equal(written(rate, "1"), "1.0");
  assert.equal(written(n, "5"), "5");
  const moved = withValue(withValue(CODE, rate, 0.7), n, 1);
  assert.match(moved, /^rate = 0\.7 {2}# run: 0\.5\.\.2\.9 step 0\.1$/m);
  assert.match(moved, /^n=1 # run/m);
  assert.equal(withValue(moved, sliders(moved)[0], "2.5").replace("n=1", "n=3"), CODE);
});

const SIZES = { "a.wasm": { raw: 100, packed: 40 }, "b.mjs": { raw: 10, packed: 5 } };

async function loaded(headers, bytes) {
  const told = [];
  const count = counting(SIZES, (progress) => told.push(progress));
  const body = new Blob([new Uint8Array(60), new Uint8Array(40)]).stream();
  const counted = count.counted(async () => new Response(body, { headers }));
  const answer = await counted("https://site.example/book/a.wasm");
  assert.equal((await answer.arrayBuffer()).byteLength, 100);
  count.arrived("b.mjs", bytes);
  return { told, answer };
}

test("files are counted in the bytes that travel: packed where the server packs", async () => {
  const { told, answer } = await loaded({
    "content-encoding": "gzip",
    "content-length": "42",
    "content-type": "application/wasm",
  });
  assert.deepEqual(told.at(-1), { loaded: 47, total: 47 });
  assert.ok(told[0].loaded < 47);
  assert.equal(answer.headers.get("content-type"), "application/wasm");
});

test("files are counted in the bytes that travel: raw where it does not", async () => {
  const { told } = await loaded({ "content-length": "100" }, 10);
  assert.deepEqual(told.at(-1), { loaded: 110, total: 110 });
});

test("a missing or unknown file is passed on as it is", async () => {
  const count = counting(SIZES, assert.fail);
  for (const [url, status] of [
    ["https://site.example/a.wasm", 404],
    ["https://site.example/other.zip", 200],
  ]) {
    const answer = new Response("x", { status });
    assert.equal(await count.counted(async () => answer)(url), answer);
  }
});

/** A worker that answers what the test tells it to. */
class FakeWorker {
  static made = [];
  asked = [];
  constructor() {
    FakeWorker.made.push(this);
  }
  postMessage(message) {
    this.asked.push(message);
  }
  terminate() {
    this.ended = true;
  }
  say(data) {
    this.onmessage({ data });
  }
}

function python() {
  globalThis.Worker = FakeWorker;
  FakeWorker.made = [];
  return new Python({ archive: "a.zip" });
}

test("nothing is loaded before the first run, and only once", async () => {
  const one = python();
  assert.equal(FakeWorker.made.length, 0);
  const told = [];
  const first = one.boot((progress) => told.push(progress.loaded));
  const second = one.boot(assert.fail);
  const [worker] = FakeWorker.made;
  worker.say({ kind: "progress", loaded: 3 });
  worker.say({ kind: "done" });
  await Promise.all([first, second]);
  assert.deepEqual(told, [3]);
  assert.deepEqual(worker.asked, [{ kind: "boot", archive: "a.zip" }]);
});

test("stop ends the worker, and the run with it; the next run has a new one", async () => {
  const one = python();
  const booted = one.boot(() => {});
  FakeWorker.made[0].say({ kind: "done" });
  await booted;
  const run = one.run("while True: pass", () => {});
  one.stop();
  await assert.rejects(run, Stopped);
  assert.ok(FakeWorker.made[0].ended);
  FakeWorker.made[0].say({ kind: "done" }); // too late: nobody listens
  one.boot(() => {}).catch(() => {});
  assert.equal(FakeWorker.made.length, 2);
});

test("a Python that could not be loaded can be asked for again", async () => {
  const one = python();
  const booted = one.boot(() => {});
  FakeWorker.made[0].say({ kind: "fail", why: "offline" });
  await assert.rejects(booted, /offline/);
  assert.equal(one.begun, false);
});

test("a figure gives back the space of its title, from the template where it sets none", () => {
  const template = { layout: { height: 360, margin: { t: 56, l: 1 } } };
  const layout = { title: { text: "T" }, meta: { alt: "A" }, template };
  const { title, alt, bare } = withoutTitle({ data: [], layout }, 32);
  assert.deepEqual([title, alt], ["T", "A"]);
  assert.equal(bare.layout.title, undefined);
  assert.deepEqual([bare.layout.height, bare.layout.margin.t], [328, 24]);
  const own = { ...layout, height: 400, margin: { t: 20, b: 3 } };
  const set = withoutTitle({ data: [], layout: own }, 32).bare.layout;
  assert.deepEqual([set.height, set.margin], [368, { t: 8, b: 3 }]);
});
