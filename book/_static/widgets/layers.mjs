// The layer explorer: an image's layers as a stack, and the files in them as a tree.
// Rows of the tree exist only while they are in view, so 10,000 files cost what 30 do.
import { bytes, h, house } from "./house.mjs";
import { change, chosen, refresh } from "./layer_choice.mjs";
import { actsBelow, stacked, wordsOfActs } from "./layer_live.mjs";
import { KINDS, SIGNS, countKinds, isFolder, keyPressed, toggle } from "./layer_tree.mjs";
import { describe, layerWords, tableOfLayers, wordsOfLayers } from "./layer_words.mjs";

const ROW = 26; // px, as in ROW_STYLE
const MOST_SEEN = 14; // rows of the tree without scrolling
const SPARE = 6; // rows drawn beyond each edge
const DEEPEST = 12; // levels that are indented: deeper ones would leave no room for names

// -- the stack

function stackOf(now) {
  const { state, t } = now;
  const { id } = chosen(now);
  const rows = state.layers.map((layer, index) => {
    const number = index + 1;
    const pick = h("input", {
      type: "radio",
      name: `${id}-layer`,
      value: number,
      checked: number === state.layers.length,
      change: () => change(now, { layer: number }),
    });
    const text = h("span", { class: "lab-l-by", title: layer.by }, layer.by);
    const say = h("span", { class: "lab-l-say" });
    const bar = h("span", { class: "lab-l-bars", "aria-hidden": "true" });
    const name = h("span", { class: "lab-l-number" }, String(number));
    return { bar, say, label: h("label", { class: "lab-l-layer" }, pick, name, text, bar, say) };
  });
  const labels = rows.map(({ label }) => label).reverse();
  const element = h("fieldset", {}, h("legend", {}, t("stack")), ...labels);
  const show = (seen) => rows.forEach((row, index) => measure(row, index, seen));
  return { element, show };
}

/** Draw what a layer stores, and say it. */
function measure({ bar, say }, index, now) {
  const { layers, shared } = now.state;
  const layer = layers[index];
  const most = Math.max(...layers.map(({ stored }) => stored), 1);
  const part = (kind, count) =>
    count > 0 &&
    h("span", { class: `lab-l-bar lab-l-${kind}`, style: `width:${(100 * count) / most}%` });
  const origin = index < shared ? "same" : "added";
  const bars = [part(origin, layer.stored - layer.hidden), part("hidden", layer.hidden)];
  bar.replaceChildren(...bars.filter(Boolean));
  say.textContent = layerWords(layer, index + 1, now);
}

function scoresOf({ state, t }) {
  const compared = state.beside || state.live;
  const names = ["stored", "seen", "hidden", "twins", ...(compared ? ["shared"] : [])];
  const terms = names.map(() => h("dt"));
  const score = (name, index) => [
    terms[index],
    h("dd", {}, t(`${name} rule`, { other: state.beside })),
  ];
  const element = h(
    "details",
    { class: "lab-l-scores" },
    h("summary", {}, t("scores")),
    h("dl", {}, ...names.flatMap(score)),
  );
  const show = ({ state: { scores } }) =>
    names.forEach((name, index) => {
      terms[index].textContent = `${t(`${name} score`)}: ${bytes(scores[name])}`;
    });
  return { element, show };
}

// -- the tools above the tree

function toolsOf(now) {
  const { t } = now;
  const view = h("select", { change: () => change(now, { only: view.value === "only" }) });
  view.append(...["upto", "only"].map((value) => h("option", { value })));
  const text = h("input", { type: "search", spellcheck: "false", autocomplete: "off" });
  text.addEventListener("input", () => change(now, { text: text.value }));
  const kind = h("select", { change: () => change(now, { kind: kind.value }) });
  kind.append(...Object.keys(KINDS).map((value) => h("option", { value })));
  const named = (name, control) => h("label", {}, h("span", {}, t(name)), control);
  const element = h(
    "div",
    { class: "lab-l-tools" },
    named("view", view),
    named("filter", text),
    named("kind", kind),
  );
  const show = ({ mine: { choice, sifted } }) => {
    view.value = choice.only ? "only" : "upto";
    for (const option of view.options) option.text = t(option.value, { number: choice.layer });
    const counts = countKinds(sifted.signs);
    for (const option of kind.options)
      option.text = t("count", { kind: t(option.value), count: counts[option.value] });
  };
  return { element, show };
}

function legendOf({ t }) {
  const letter = (sign) => [
    h(
      "span",
      { class: "lab-l-entry" },
      h("span", { class: `lab-l-key lab-l-${sign}` }, t(`${sign} letter`)),
      ` ${t(sign)}`,
    ),
    " ",
  ];
  return h("p", { class: "lab-l-legend" }, ...SIGNS.slice(1).flatMap(letter), h("br"), t("legend"));
}

// -- the tree

function treeOf(now) {
  const space = h("div", { role: "presentation" });
  const element = h("div", { class: "lab-l-tree", role: "tree", tabindex: 0 }, space);
  element.setAttribute("aria-label", now.t("files"));
  const none = h("p", { class: "lab-l-none", hidden: true }, now.t("nothing"));
  const most = now.state.live ? MOST_SEEN : Math.min(now.mine.tree.node.length, MOST_SEEN);
  element.style.height = `${most * ROW + 2}px`; // the same whatever is open: nothing below moves
  let waiting = 0;
  const scrolled = () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      draw();
    });
  };
  element.addEventListener("scroll", scrolled, { passive: true });
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const mine = now.mine;
    const { tree, rows, flat, at, choice } = mine;
    if (!flat.shown.length) return;
    const does = keyPressed(event.key, { tree, rows, shown: flat.shown, at, choice });
    if (!does) return;
    event.preventDefault();
    if (does.to !== undefined) mine.at = does.to;
    if (does.toggle !== undefined) flip(does.toggle);
    if (does.select) select();
    reveal();
    draw();
  });
  element.addEventListener("click", (event) => {
    const place = event.target.closest?.("[role=treeitem]")?.dataset.place;
    if (place === undefined) return;
    now.mine.at = Number(place);
    select();
    draw();
  });

  function flip(node) {
    toggle(node, now.mine.choice);
    refresh(now.mine);
    now.redraw();
  }
  function select() {
    const mine = now.mine;
    const row = mine.flat.shown[mine.at];
    mine.selected = mine.rows.node[row];
    if (isFolder(mine.tree, mine.rows, row)) flip(mine.selected);
    now.redraw();
  }
  function reveal() {
    const top = now.mine.at * ROW;
    const { scrollTop, clientHeight } = element;
    if (top < scrollTop) element.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) element.scrollTop = top + ROW - clientHeight;
  }
  function draw() {
    const mine = now.mine;
    const { shown } = mine.flat;
    none.hidden = shown.length > 0;
    space.style.height = `${shown.length * ROW}px`;
    const first = Math.max(Math.floor(element.scrollTop / ROW) - SPARE, 0);
    const last = first + Math.ceil((element.clientHeight || MOST_SEEN * ROW) / ROW) + 2 * SPARE;
    const items = [];
    for (let place = first; place < Math.min(last, shown.length); place++)
      items.push(itemOf(mine, place, now));
    space.replaceChildren(...items);
    const active = items.find((item) => Number(item.dataset.place) === mine.at);
    if (active) element.setAttribute("aria-activedescendant", active.id);
    else element.removeAttribute("aria-activedescendant");
  }
  return { element, none, draw, reveal };
}

function itemOf(mine, place, now) {
  const { tree, rows, flat, id } = mine;
  const row = flat.shown[place];
  const n = rows.node[row];
  const told = describe(mine, row, now);
  const look = told.sign || "way";
  const indent = Math.min(tree.depth[n], DEEPEST) + 0.4;
  const part = (tag, name, text, title = text) =>
    h(tag, { class: `lab-l-${name}`, title, "aria-hidden": "true" }, text);
  return h(
    "div",
    {
      id: `${id}-${place}`,
      class: `lab-l-item lab-l-is-${look}${place === mine.at ? " lab-l-at" : ""}`,
      style: `top:${place * ROW}px;padding-inline-start:${indent}em`,
      role: "treeitem",
      "data-place": place,
      "aria-level": tree.depth[n] + 1,
      "aria-posinset": flat.place[place],
      "aria-setsize": flat.setSize[place],
      "aria-expanded": told.open === null ? null : String(told.open),
      "aria-selected": String(n === mine.selected),
    },
    h("span", { class: "lab-l-label" }, told.label),
    part("span", "twist", { true: "▾", false: "▸" }[told.open] ?? "", null),
    part("bdi", "name", told.name),
    part("span", "note", told.note),
    part("span", "size", told.size, null),
    part("span", `key lab-l-${look}`, told.letter, null),
  );
}

// -- what the house asks for

function picture(stage, given) {
  const now = stacked(given);
  const mine = chosen(now);
  if (mine.parts?.stage !== stage || mine.parts.of !== given.state) build(stage, now, given.state);
  for (const part of mine.parts.shown) part.show(now);
  const { tree } = mine.parts;
  tree.draw();
  if (!mine.moved || !tree.element.clientHeight) return; // or not on the page yet
  mine.moved = false;
  tree.reveal();
  tree.draw();
}

function build(stage, now, of) {
  const { mine } = now;
  const left = [stackOf(now), scoresOf(now), ...(of.live ? [actsBelow(now)] : [])];
  const tools = toolsOf(now);
  const tree = treeOf(now);
  mine.parts = { stage, of, tree, shown: [...left, tools] };
  stage.replaceChildren(
    h("style", {}, EXPLORER),
    h(
      "div",
      { class: "lab-l" },
      h("div", { class: "lab-l-left" }, ...left.map(({ element }) => element)),
      h("div", { class: "lab-l-right" }, tools.element, tree.element, tree.none, legendOf(now)),
    ),
  );
  mine.moved = true;
}

const over = (given, tell) => {
  const now = stacked(given);
  return tell(chosen(now), now);
};
const table = (given) => over(given, tableOfLayers);
const words = (given) => [over(given, wordsOfLayers), ...wordsOfActs(given)].join(" ");

export default { render: (given) => house(given, { picture, table, words }) };

// A colour is never the only sign: letters, a cross, a hatch and words say the same.
const EXPLORER = `
.lab-w-stage:has(> .lab-l) { overflow: visible; max-height: none; container-type: inline-size; }
.lab-l { display: flex; flex-wrap: wrap; gap: .8em 1.2em; }
.lab-l-left { flex: 1 1 15em; min-width: 0; }
.lab-l-right { flex: 2 1 22em; min-width: 0; }
.lab-l fieldset { border: 0; margin: 0; padding: 0; min-width: 0; max-height: 30em; overflow: auto; }
.lab-l legend, .lab-l-tools span { font-size: .85em; opacity: .85; padding: 0; float: none; }
.lab-l-layer { display: grid; grid-template-columns: auto 1.6em 1fr; gap: 0 .4em; align-items: center;
  padding: .25em .4em; margin: 0 0 2px; border: 1px solid rgb(127 127 127 / .4); border-radius: 4px;
  cursor: pointer; }
.lab-l-layer:has(:checked) { border-color: currentColor; background: rgb(127 127 127 / .15); }
.lab-l-layer input { margin: 0; }
.lab-l-number { font-weight: 600; text-align: center; }
.lab-l-by { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate;
  font: .85em ui-monospace, monospace; }
.lab-l-bars, .lab-l-say { grid-column: 3; }
.lab-l-bars { display: flex; height: .5em; }
.lab-l-bar { min-width: 1px; }
.lab-l-say { font-size: .85em; }
.lab-l-bar.lab-l-same { background: var(--lab-image); }
.lab-l-bar.lab-l-added { background: var(--lab-added); }
.lab-l-bar.lab-l-hidden { border: 1px solid var(--lab-deleted); box-sizing: border-box;
  background: repeating-linear-gradient(135deg, var(--lab-deleted) 0 2px, transparent 2px 5px); }
.lab-l-scores summary { display: list-item; cursor: pointer; }
.lab-l-scores dt { font-weight: 600; }
.lab-l-scores dd { margin: 0 0 .3em; font-size: .9em; }
.lab-l-scores dl { margin: .3em 0; }
.lab-l-tools { display: flex; flex-wrap: wrap; gap: .3em .6em; margin-bottom: .4em; }
.lab-l-tools label { display: flex; flex-direction: column; flex: 1 1 8em; min-width: 0; margin: 0; }
.lab-l-tools select, .lab-l-tools input { font: inherit; color: inherit; background: transparent;
  border: 1px solid rgb(127 127 127 / .7); border-radius: 4px; padding: .1em .3em; min-width: 0; }
.lab-l-tools option { color: CanvasText; background: Canvas; }
.lab-l-tree { position: relative; overflow: auto; overflow-x: hidden; box-sizing: border-box;
  border: 1px solid rgb(127 127 127 / .4); border-radius: 4px; }
.lab-l-tree > div { position: relative; }
.lab-l-item { position: absolute; left: 0; right: 0; height: 26px; display: flex; gap: .5em;
  align-items: center; white-space: nowrap; cursor: default; box-sizing: border-box;
  border-inline-start: 4px solid transparent; padding-inline-end: .4em; }
.lab-l-item:hover { background-color: rgb(127 127 127 / .12); }
.lab-l-item[aria-selected="true"] { background-color: rgb(127 127 127 / .22); }
.lab-l-tree:focus-visible .lab-l-at { outline: 2px solid currentColor; outline-offset: -2px; }
.lab-l-label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.lab-l-twist { width: 1em; flex: none; }
.lab-l-name { overflow: hidden; text-overflow: ellipsis; flex: 0 1 auto; min-width: 3em; unicode-bidi: isolate; }
.lab-l-note { overflow: hidden; text-overflow: ellipsis; flex: 1 10 0; font-size: .85em; }
.lab-l-size { flex: none; font-size: .85em; font-variant-numeric: tabular-nums; }
.lab-l-key { flex: none; min-width: 2.6em; text-align: center; font: .8em/1.5 ui-monospace, monospace;
  border: 1px solid transparent; border-radius: 3px; padding: 0 .3em; display: inline-block; }
.lab-l-entry { white-space: nowrap; margin-inline-end: .3em; }
.lab-l-legend .lab-l-key { min-width: 1.4em; }
.lab-l-legend { margin: .3em 0 0; font-size: .85em; }
.lab-l-is-same, .lab-l-key.lab-l-same { border-color: var(--lab-image); }
.lab-l-is-added, .lab-l-key.lab-l-added { border-color: var(--lab-added); }
.lab-l-is-changed, .lab-l-key.lab-l-changed { border-color: var(--lab-changed); }
.lab-l-is-deleted, .lab-l-is-replaced, .lab-l-key.lab-l-deleted, .lab-l-key.lab-l-replaced {
  border-color: var(--lab-deleted); }
.lab-l-is-deleted .lab-l-name, .lab-l-is-replaced .lab-l-name { text-decoration: line-through; }
.lab-l-is-deleted, .lab-l-is-replaced { background-image: repeating-linear-gradient(135deg,
  rgb(127 127 127 / .14) 0 2px, transparent 2px 6px); }
.lab-l-acts p { margin: .5em 0 .2em; font-size: .85em; opacity: .85; }
.lab-l-acts ol { margin: 0; padding: 0; list-style: none; font-size: .85em; }
.lab-l-acts li { display: flex; flex-wrap: wrap; gap: 0 .6em; justify-content: space-between;
  border-bottom: 1px solid rgb(127 127 127 / .3); padding: .1em 0; }
.lab-l-acts bdi { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.lab-l-acts span { font-variant-numeric: tabular-nums; }
.lab-l-none { margin: .4em 0 0; }
@container (max-width: 30em) { .lab-l-note { display: none; } .lab-l-name { flex-grow: 1; } }
@media (forced-colors: active) { .lab-l-bar { forced-color-adjust: none; } }
`;
