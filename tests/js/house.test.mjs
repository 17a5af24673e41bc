import assert from "node:assert/strict";
import { test } from "node:test";

import {
  bytes,
  fill,
  frameAt,
  lineOf,
  listens,
  sighted,
} from "../../book/_static/widgets/house.mjs";
import { StoredModel } from "../../book/_static/widgets/page.mjs";

test("bytes are written as Docker writes them", () => {
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(999), "999 B");
  assert.equal(bytes(999_600), "1 MB");
  assert.equal(bytes(74_500_000), "74.5 MB");
  assert.equal(bytes(8_000_010), "8 MB");
});

test("fields of a sentence are filled, unknown ones stay visible", () => {
  assert.equal(fill("{a} of {b}", { a: 0, b: "x" }), "0 of x");
  assert.equal(fill("{a} {c}", { a: 1 }), "1 {c}");
});

test("a time finds the last frame before it", () => {
  const frames = [{ at: 0 }, { at: 1 }, { at: 4 }];
  assert.deepEqual(
    [-1, 0, 0.5, 1, 3.9, 4, 99].map((at) => frameAt(frames, at)),
    [0, 0, 0, 1, 1, 2, 2],
  );
  assert.equal(frameAt([], 3), 0);
});

test("a stored model tells its listeners of changes, and of nothing else", () => {
  const model = new StoredModel({ watched: false });
  const heard = [];
  const listener = (value) => heard.push(value);
  model.on("change:watched", listener);
  model.set("watched", false);
  model.set("watched", true);
  model.off("change:watched", listener);
  model.set("watched", false);
  assert.deepEqual(heard, [true]);
  assert.equal(model.get("watched"), false);
});

test("a model is watched as long as one of its views can be seen", () => {
  const model = {};
  assert.equal(sighted(model, "above", true), true);
  assert.equal(sighted(model, "below", true), true);
  assert.equal(sighted(model, "above", false), true);
  assert.equal(sighted(model, "below", false), false);
  assert.equal(sighted({}, "elsewhere", false), false);
});

test("a view that comes later has the frames that came one by one", () => {
  const model = new StoredModel({ frames: [{ at: 0 }] });
  lineOf(model).push({ at: 1 });
  assert.deepEqual(lineOf(model), [{ at: 0 }, { at: 1 }]);
  assert.deepEqual(model.get("frames"), [{ at: 0 }]);
});

test("only a live widget has somebody who answers", () => {
  const model = (state) => new StoredModel(state);
  assert.equal(listens(model({ level: "live", answers: true })), true);
  assert.equal(listens(model({ level: "live", answers: false })), false);
  assert.equal(listens(model({ level: "recorded", answers: true })), false);
  assert.equal(listens(model({ level: "live" })), false);
});
