// A running container's layers: what the explorer's state becomes with a frame's own layer on top.
//
// A frame has the rows of the paths that the container's layer makes different, all versions of
// each, with whole paths (helpers/views/container_layer.py). They replace or join the image's.
import { bytes, h } from "./house.mjs";

const COLUMNS = {
  depths: ",",
  kinds: "",
  layers: ",",
  sizes: ",",
  hidden: ",",
  how: "",
  marks: "",
  targets: "\n",
};

/** The rows of columns, by path: { path, rows: [{ depths, kinds, ... }] }. whole: names are paths. */
function pathsOf(files, whole) {
  const columns = Object.entries(COLUMNS).map(([name, between]) => [
    name,
    files[name].split(between),
  ]);
  const found = new Map();
  const above = [];
  let path = "";
  files.names.split("\n").forEach((name, row) => {
    const told = Object.fromEntries(columns.map(([column, values]) => [column, values[row]]));
    if (name) {
      const depth = Number(told.depths);
      above.length = depth;
      path = whole ? name : depth ? `${above.at(-1) === "/" ? "" : above.at(-1)}/${name}` : "/";
      above[depth] = path;
      found.set(path, []);
    }
    found.get(path).push(told);
  });
  return found;
}

/** What paths are sorted by, so that each directory stands before what is in it. */
const place = (path) => (path === "/" ? "" : path.replaceAll("/", "\0"));

function columnsOf(found) {
  const order = [...found.keys()].map((path) => [place(path), path]);
  order.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  const rows = order.flatMap(([, path]) =>
    found.get(path).map((row, number) => ({
      ...row,
      names: number ? "" : path === "/" ? "/" : path.slice(path.lastIndexOf("/") + 1),
    })),
  );
  const made = { names: rows.map((row) => row.names).join("\n") };
  for (const [name, between] of Object.entries(COLUMNS))
    made[name] = rows.map((row) => row[name]).join(between);
  return made;
}

/** The state with a frame's layer on top of the image's; without a frame, an empty layer. */
export function withOwn(state, frame, image = pathsOf(state.files, false)) {
  const accounts = frame?.layers ?? [];
  const layers = [...state.layers, { by: state.own }].map((layer, index) => {
    const [stored, hidden, hides, twins] = accounts[index] ?? [layer.stored ?? 0, 0, 0, 0];
    return { ...layer, stored, hidden, hides, twins };
  });
  const own = frame?.files ? pathsOf(frame.files, true) : new Map();
  const sum = (name, of = layers) => of.reduce((total, layer) => total + layer[name], 0);
  const scores = {
    stored: sum("stored"),
    seen: sum("stored") - sum("hidden"),
    hidden: sum("hidden"),
    twins: sum("twins"),
    shared: sum("stored", layers.slice(0, -1)),
  };
  const files = own.size ? columnsOf(new Map([...image, ...own])) : state.files;
  return { ...state, layers, scores, files, touched: [...own.keys()] };
}

/** What `now` is once the frame that is shown lies on top; the same object for the same frame. */
export function stacked(now) {
  const { mine, state, frame } = now;
  if (!state.live) return now;
  if (mine.image?.state !== state) mine.image = { state, paths: pathsOf(state.files, false) };
  if (mine.stacked?.frame !== frame || mine.stacked.image !== mine.image)
    mine.stacked = { frame, image: mine.image, state: withOwn(state, frame, mine.image.paths) };
  return { ...now, state: mine.stacked.state };
}

/** How much an act made the layer grow, with its sign. */
export function grown(cost, t) {
  if (!cost) return bytes(0);
  return t(cost > 0 ? "grown" : "shrunk", { size: bytes(Math.abs(cost)) });
}

/** The last acts of a frame, ready to be shown: { what, cost }. */
export function actsOf({ frame, t }) {
  return (frame?.acts ?? []).map(([what, ms, cost]) => ({
    what,
    cost: t("act", { ms, bytes: grown(cost, t) }),
  }));
}

/** What each act in a running container took; hidden where there is none to tell. */
export function actsBelow({ t }) {
  const list = h("ol", {});
  const element = h("div", { class: "lab-l-acts" }, h("p", {}, t("acts")), list);
  const show = (seen) => {
    const acts = actsOf(seen);
    element.hidden = !acts.length;
    list.replaceChildren(
      ...acts.map(({ what, cost }) => h("li", {}, h("bdi", {}, what), h("span", {}, cost))),
    );
  };
  return { element, show };
}

/** What is said after the explorer's own words: the last act, and what cannot be seen here. */
export function wordsOfActs({ frame, t }) {
  const [what, ms, cost] = frame?.acts?.at(-1) ?? [];
  return [
    what && t("says act", { what, ms, bytes: grown(cost, t) }),
    frame?.blind && t("says blind"),
  ].filter(Boolean);
}

/** What of a choice outlives a change of the tree: nodes have other numbers then, paths have not. */
export function carried(choice, from, to) {
  const at = new Map(to.path.map((path, node) => [path, node]));
  const move = (nodes) =>
    new Set([...nodes].map((node) => at.get(from.path[node])).filter((node) => node !== undefined));
  return { ...choice, open: move(choice.open), closed: move(choice.closed) };
}

/** Open the ways to what has newly come, so that it is seen; what the reader shut stays shut. */
export function reveal(choice, tree, paths, known) {
  const fresh = new Set(paths.filter((path) => !known.has(path)));
  tree.path.forEach((path, node) => {
    if (!fresh.has(path)) return;
    for (let n = tree.parent[node]; n >= 0; n = tree.parent[n]) choice.open.add(n);
  });
}
