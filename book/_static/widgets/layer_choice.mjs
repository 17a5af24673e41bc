// What the reader chose in the layer explorer, and all that follows from it. A choice outlives
// the frames of a running container: whatever layer, filter and open directories it has.
import { carried, reveal } from "./layer_live.mjs";
import { flatten, openAtFirst, rowsOf, sift, unpack } from "./layer_tree.mjs";

let views = 0; // so that names and ids are unique on a page

/** The choice, the tree and its rows; worked out again only where something changed. */
export function chosen(now) {
  const { mine, state } = now;
  if (mine.state === state) return mine;
  const before = mine.state && state.live ? { ...mine } : null;
  mine.id ??= `lab-l${++views}`;
  mine.state = state;
  mine.tree = unpack(state);
  if (before) goOn(mine, before);
  else begin(mine);
  return mine;
}

function begin(mine) {
  const { state, tree } = mine;
  const open = openAtFirst(tree, state.selected);
  const [layer, only] = [state.layers.length, Boolean(state.live)];
  mine.choice = { layer, only, text: "", kind: "any", open, closed: new Set() };
  mine.selected = state.selected;
  mine.at = 0;
  mine.done = {};
  openTouched(mine);
  refresh(mine);
  mine.at = Math.max(mine.flat.shown.indexOf(mine.rows.start[Math.max(mine.selected, 0)]), 0);
}

/** The same choice over the tree of another frame. */
function goOn(mine, before) {
  const path = (node) => before.tree.path[node];
  const active = path(before.rows.node[before.flat.shown[before.at]]);
  mine.choice = carried(before.choice, before.tree, mine.tree);
  mine.selected = mine.tree.path.indexOf(path(before.selected));
  openTouched(mine);
  refresh(mine, true);
  const at = mine.flat.shown.findIndex((row) => mine.tree.path[mine.rows.node[row]] === active);
  mine.at = Math.max(at, 0);
}

/** Open what a running container has newly touched. */
function openTouched(mine) {
  const touched = mine.state.touched ?? [];
  reveal(mine.choice, mine.tree, touched, mine.known ?? new Set());
  mine.known = new Set(touched);
}

/** Work out again what a change of the choice calls for, and keep the active row where it was.
 *  anew: the tree is another one. */
export function refresh(mine, anew = false) {
  const { tree, choice, done } = mine;
  const active = anew ? undefined : mine.rows?.node[mine.flat.shown[mine.at]];
  const layers = `${choice.layer} ${choice.only}`;
  const sifted = `${layers} ${choice.kind} ${choice.text}`;
  if (anew || done.layers !== layers) mine.rows = rowsOf(tree, choice);
  if (anew || done.sifted !== sifted) mine.sifted = sift(tree, mine.rows, choice);
  if (!anew && done.sifted !== sifted) choice.closed.clear();
  mine.done = { layers, sifted };
  mine.flat = flatten(tree, mine.rows, mine.sifted, choice);
  mine.at = 0;
  if (active !== undefined)
    mine.at = Math.max(
      mine.flat.shown.findIndex((row) => mine.rows.node[row] === active),
      0,
    );
}

/** Make another choice. What handles an event takes `mine`: its `now` may be of an old frame. */
export function change({ mine, redraw }, changes) {
  Object.assign(mine.choice, changes);
  refresh(mine);
  if ("text" in changes || "kind" in changes) mine.at = 0; // the first that is found
  mine.moved = true;
  redraw();
}
