// The control group explorer: the tree of a lab's containers with what each uses of its limits;
// below it, of the chosen one, each resource over time, with the kernel's files. Colours have the
// book's meanings (measured, limit); dashes and labels say the same.
import { h, house } from "./house.mjs";
import { CARDS, cardOf } from "./cgroups_cards.mjs";
import { formOf } from "./cgroups_form.mjs";
import {
  cell,
  chosen,
  events,
  limitOf,
  share,
  tableOfFrames,
  treeOf,
  wordsOf,
} from "./cgroups_words.mjs";

const NARROW = 340; // px: a card is at least that wide, where there is room
const METERS = [
  ["cpu", "cores", "allowed"],
  ["memory", "memory", "max"],
  ["pids", "pids", "most"],
];

function picture(stage, now) {
  const { mine } = now;
  mine.now = now;
  if (!mine.root) build(stage, mine);
  const group = chosen(now.frame, mine);
  mine.none.hidden = Boolean(group);
  mine.none.textContent = now.t("says nothing");
  mine.body.hidden = !group;
  mine.form.show(group, now.live);
  if (!group) return;
  drawTree(mine, now, group);
  const columns = Math.max(Math.floor(stage.clientWidth / NARROW), 1);
  const width = Math.max(Math.floor(stage.clientWidth / columns) - 14, 200);
  mine.width = stage.clientWidth;
  for (const card of mine.cards) card.draw(now, group, width);
}

/** Build what stays: what a reader has the focus in, or has opened, must not be drawn anew. */
function build(stage, mine) {
  const now = () => mine.now;
  const { t } = mine.now;
  mine.none = h("p", {});
  mine.tree = h("ul", { class: "lab-g-tree", "aria-label": t("tree") });
  mine.rows = new Map();
  mine.form = formOf(now);
  mine.cards = CARDS.map((card) => cardOf(card, t));
  const cards = h("div", { class: "lab-g-cards" }, ...mine.cards.map(({ element }) => element));
  mine.body = h("div", {}, mine.tree, mine.form.element, cards);
  mine.root = h("div", { class: "lab-g" }, mine.none, mine.body);
  stage.replaceChildren(h("style", {}, CGROUPS_STYLE), mine.root);
  new ResizeObserver(() => {
    if (stage.clientWidth !== mine.width) mine.now.redraw();
  }).observe(stage);
}

function drawTree(mine, now, group) {
  const rows = treeOf(now.frame.groups).map(({ depth, name, group: each }) => {
    const key = each?.id ?? `${depth} ${name}`;
    if (!mine.rows.has(key)) mine.rows.set(key, each ? rowOf(mine, each, now) : folderOf(name));
    const row = mine.rows.get(key);
    row.element.style.setProperty("--depth", depth);
    row.draw?.(each, now, each === group);
    return row.element;
  });
  const same = rows.length === mine.tree.childElementCount;
  if (!same || rows.some((row, index) => row !== mine.tree.children[index]))
    mine.tree.replaceChildren(...rows);
}

function folderOf(name) {
  return { element: h("li", { class: "lab-g-folder" }, `${name}/`) };
}

/** A container's row: a button with its name, three meters, and what has happened to it. */
function rowOf(mine, { id, name }, { t }) {
  const choose = () => {
    mine.chosen = id;
    mine.now.redraw();
  };
  const button = h("button", { type: "button", click: choose }, name);
  const meters = METERS.map(([what]) => {
    const bar = h("i", {});
    const text = h("span", {});
    const label = h("span", {}, t(`meter ${what}`));
    return {
      bar,
      text,
      element: h("span", { class: "lab-g-meter" }, label, text, h("b", {}, bar)),
    };
  });
  const badges = h("span", { class: "lab-g-badges" });
  const element = h("li", {}, button, ...meters.map((meter) => meter.element), badges);
  const draw = (group, now, isChosen) => {
    button.setAttribute("aria-pressed", String(isChosen));
    METERS.forEach(([, used, limit], index) => {
      const { bar, text } = meters[index];
      const part = share(group[used], group[limit]);
      bar.style.width = `${Math.round((part ?? 0) * 100)}%`;
      bar.className = part !== null && part > 0.95 ? "lab-g-full" : "";
      text.textContent = now.t(group[limit] === null ? "of free" : "of", {
        value: cell(group[used], now.t),
        limit: limitOf(group[limit], now.t),
      });
    });
    badges.replaceChildren(
      ...events(group).map(([what, count]) => h("em", {}, now.t(`badge ${what}`, { count }))),
    );
  };
  return { element, draw };
}

const CGROUPS_STYLE = `
.lab-w-stage:has(> .lab-g) { max-height: none; }
.lab-g-tree { list-style: none; margin: 0; padding: 0; }
.lab-g-tree li { display: grid; grid-template-columns: minmax(7em, 1.4fr) repeat(3, minmax(6em, 1fr)) minmax(0, 1.6fr);
  gap: .2em .8em; align-items: center; padding: .15em 0; margin: 0 0 0 calc(var(--depth, 0) * 1em); }
.lab-g-tree .lab-g-folder { display: block; font-family: ui-monospace, monospace; font-size: .9em; }
.lab-g-tree button { text-align: start; }
.lab-g-meter { font-size: .85em; font-variant-numeric: tabular-nums; line-height: 1.3; }
.lab-g-meter > span { display: block; white-space: nowrap; }
.lab-g-meter b { display: block; height: 6px; background: rgb(127 127 127 / .25); border-radius: 3px; overflow: hidden; }
.lab-g-meter i { display: block; height: 100%; background: var(--lab-measured); }
.lab-g-meter i.lab-g-full { background: var(--lab-limit); }
.lab-g-badges { display: flex; flex-wrap: wrap; gap: .3em; }
.lab-g-badges em { font-style: normal; font-size: .85em; border: 1px solid var(--lab-limit); border-radius: 4px; padding: 0 .4em; }
.lab-g-form { display: flex; flex-wrap: wrap; gap: .4em; align-items: center; margin: .5em 0; }
.lab-g-form select, .lab-g-form input { font: inherit; color: inherit; background: transparent; padding: .1em .3em;
  border: 1px solid rgb(127 127 127 / .6); border-radius: 4px; }
.lab-g-form option { color: CanvasText; background: Canvas; }
.lab-g-form input { width: 6em; }
.lab-g-why { margin: .4em 0; font-size: .9em; }
.lab-g-cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(${NARROW - 20}px, 100%), 1fr)); gap: .8em 14px; }
.lab-g-card { min-width: 0; border-top: 1px solid rgb(127 127 127 / .3); padding-top: .3em; }
.lab-g-labels { display: flex; flex-wrap: wrap; gap: 0 .9em; margin: 0; font-size: .9em; font-variant-numeric: tabular-nums; }
.lab-g-labels span { display: inline-flex; gap: .3em; align-items: center; }
.lab-g-plot { overflow: hidden; }
.lab-g-plot svg { display: block; touch-action: pan-y; }
.lab-g-card summary { font-size: .9em; cursor: pointer; }
.lab-g-files { margin: .2em 0; font-size: .8em; }
.lab-g-files dt { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-weight: 400; opacity: 1; }
.lab-g-files dd { margin: 0 0 .4em; }
.lab-g-files pre { margin: 0; padding: .2em .5em; background: rgb(127 127 127 / .12); color: inherit; overflow-x: auto; border: 0; font-size: 1em; }
.lab-g-grid { stroke: rgb(127 127 127 / .35); }
.lab-g-line { fill: none; stroke: var(--lab-measured); stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
.lab-g-dashed { stroke-dasharray: 5 4; stroke-width: 1.7; }
.lab-g-dotted { stroke-dasharray: 1 4; }
.lab-g-limit, .lab-g-high { stroke: var(--lab-limit); stroke-width: 1.5; stroke-dasharray: 7 4; stroke-linecap: butt; }
.lab-g-high { stroke-dasharray: 2 3; }
.lab-g-cursor { stroke: currentColor; stroke-opacity: .7; }
@container (max-width: 34em) { .lab-g-tree li { grid-template-columns: 1fr 1fr 1fr; } .lab-g-tree button, .lab-g-badges { grid-column: 1 / -1; } }
.lab-g { container-type: inline-size; }
`;

export default {
  render: (given) => house(given, { picture, table: tableOfFrames, words: wordsOf }),
};
