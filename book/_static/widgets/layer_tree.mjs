// What the layer explorer shows, apart from any screen: which files, in which order, marked how.
//
// The state holds one row for each version of a path (helpers/views/layer_explorer.py); `unpack`
// turns it into columns by node (a path) and by version. A choice is
//
//   { layer, only, text, kind, open, closed }
//
// layer: 1 is the bottom. only: what this layer did, else what layers 1 to `layer` make together.
// text, kind: a filter. open: directories to show; closed: those to hide while there is a filter.

export const SIGNS = ["", "same", "added", "changed", "deleted", "replaced"];
const [NONE, SAME, ADDED, CHANGED, DELETED, REPLACED] = SIGNS.keys();
export const KINDS = {
  any: [SAME, ADDED, CHANGED, DELETED, REPLACED],
  added: [ADDED],
  changed: [CHANGED],
  deleted: [DELETED],
  hidden: [DELETED, REPLACED],
};
const SAME_BYTES = 1;
const SAME_FILE = 2;
const OPEN_AT_FIRST = 40; // rows: about two screens

const numbers = (text, kind) => kind.from(text.split(","), Number);

/** Unpack the columns of a state. Node 0 is the root; versions stand in the order of nodes. */
export function unpack({ files, layers, shared }) {
  const rows = files.names.split("\n");
  const depths = numbers(files.depths, Int32Array);
  const starts = Int32Array.from([...rows.keys()].filter((row) => rows[row]));
  const node = new Int32Array(rows.length);
  for (let row = 0, at = -1; row < rows.length; row++) node[row] = rows[row] ? ++at : at;
  const tree = {
    shared,
    layers: layers.length,
    first: Int32Array.from([...starts, rows.length]),
    name: Array.from(starts, (row) => rows[row]),
    depth: Int32Array.from(starts, (row) => depths[row]),
    node,
    kind: files.kinds,
    layer: numbers(files.layers, Int32Array),
    size: numbers(files.sizes, Float64Array),
    hiddenBy: numbers(files.hidden, Int32Array),
    how: files.how,
    marks: Uint8Array.from(files.marks, Number),
    target: files.targets.split("\n"),
  };
  return { ...tree, ...family(tree) };
}

/** The parent of each node, where its descendants end, and its path. */
function family({ depth, name }) {
  const count = name.length;
  const parent = new Int32Array(count).fill(-1);
  const end = new Int32Array(count).fill(count);
  const path = Array(count);
  const above = [];
  for (let n = 0; n < count; n++) {
    while (above.length > depth[n]) end[above.pop()] = n;
    parent[n] = above.at(-1) ?? -1;
    above.push(n);
    path[n] = n === 0 ? "/" : `${parent[n] > 0 ? path[parent[n]] : ""}/${name[n]}`;
  }
  return { parent, end, path, sought: path.map((text) => text.toLowerCase()) };
}

/** Whether version `v` took the place of the version before it at its path. */
export function replaces(tree, v) {
  return (
    v > tree.first[tree.node[v]] &&
    tree.hiddenBy[v - 1] === tree.layer[v] &&
    tree.how[v - 1] === "r"
  );
}

export const sameBytes = (tree, v) => (tree.marks[v] & SAME_BYTES) !== 0;

/** What a version is to a choice of layer: an index into SIGNS; -1: not there at all. */
export function signOf(tree, v, { layer, only }) {
  const kind = tree.kind[v];
  if (kind === "i" || kind === "q") return -1;
  if (kind === "w") return (only ? tree.layer[v] === layer : tree.layer[v] <= layer) ? DELETED : -1;
  return only ? deedOf(tree, v, layer) : stateOf(tree, v, layer);
}

/** What one layer did to a version. */
function deedOf(tree, v, layer) {
  if (tree.layer[v] === layer) return replaces(tree, v) ? CHANGED : ADDED;
  return tree.hiddenBy[v] === layer && tree.how[v] !== "r" ? DELETED : -1;
}

/** What a version is once all layers up to one lie on each other. */
function stateOf(tree, v, layer) {
  const [born, gone] = [tree.layer[v], tree.hiddenBy[v]];
  if (born > layer) return -1;
  if (gone && gone <= layer) return tree.how[v] === "r" ? REPLACED : DELETED;
  if (born <= tree.shared) return SAME;
  return replaces(tree, v) ? CHANGED : ADDED;
}

/** The layers, of those chosen, in which a directory is opaque. */
export function opaqueIn(tree, node, { layer, only }) {
  const found = [];
  for (let v = tree.first[node]; v < tree.first[node + 1]; v++)
    if (tree.kind[v] === "q" && (only ? tree.layer[v] === layer : tree.layer[v] <= layer))
      found.push(tree.layer[v]);
  return found;
}

/**
 * All rows that a choice of layer could show, in the order of the tree: columns node, version
 * (-1: a directory that is only on the way), sign; `folder`: a node's row that has what is in
 * it, or -1; `start`: a node's first row.
 */
export function rowsOf(tree, choice) {
  const count = tree.name.length;
  const most = tree.node.length + count;
  const found = {
    node: new Int32Array(most),
    version: new Int32Array(most),
    sign: new Uint8Array(most),
    folder: new Int32Array(count).fill(-1),
    start: new Int32Array(count + 1),
    count: 0,
  };
  const add = (n, v, sign) => {
    found.node[found.count] = n;
    found.version[found.count] = v;
    found.sign[found.count++] = sign;
  };
  for (let n = 0; n < count; n++) {
    found.start[n] = found.count;
    const folder = filesAt(tree, n, choice, add);
    if (folder < 0 && tree.end[n] === n + 1 && !opaqueIn(tree, n, choice).length) continue;
    found.folder[n] = found.count;
    const sign = folder < 0 ? NONE : Math.max(signOf(tree, folder, choice), NONE);
    // to empty a directory is to change it
    const emptied = choice.only && sign === NONE && opaqueIn(tree, n, choice).length;
    add(n, folder, emptied ? CHANGED : sign);
  }
  found.start[count] = found.count;
  return found;
}

/** Add a row for each thing at a path that is no directory, the newest first; return the
 *  version that is the directory, or -1. */
function filesAt(tree, n, choice, add) {
  let folder = -1;
  for (let v = tree.first[n + 1] - 1; v >= tree.first[n]; v--) {
    const sign = signOf(tree, v, choice);
    if (sign < 0) continue;
    if (tree.kind[v] !== "d") add(n, v, sign);
    else if (folder < 0) folder = v;
  }
  return folder;
}

/**
 * What of `rows` a filter leaves: `kept` marks rows, `bytes` and `files` are sums of what is
 * below a directory's row, `signs` says how many there are of each whatever kind is
 * chosen (an index into SIGNS), `matches` lists the kept rows that are no mere way to others.
 */
export function sift(tree, rows, { text = "", kind = "any" }) {
  const sought = text.toLowerCase();
  const wanted = new Set(KINDS[kind]);
  const kept = new Uint8Array(rows.count);
  const bytes = new Float64Array(rows.count);
  const files = new Int32Array(rows.count);
  const signs = new Int32Array(SIGNS.length);
  const matches = [];
  const match = (row) => {
    if (sought && !tree.sought[rows.node[row]].includes(sought)) return;
    signs[rows.sign[row]]++;
    if (!wanted.has(rows.sign[row])) return;
    kept[row] = 1;
    matches.push(row);
    const v = rows.version[row];
    if (v < 0 || "dw".includes(tree.kind[v])) return;
    files[row] += 1;
    bytes[row] += tree.marks[v] & SAME_FILE ? 0 : tree.size[v];
  };
  for (let row = rows.count - 1; row >= 0; row--) {
    if (rows.sign[row] !== NONE) match(row);
    const n = rows.node[row];
    if (!kept[row] || n === 0) continue;
    const above = rows.folder[tree.parent[n]];
    kept[above] = 1;
    files[above] += files[row];
    bytes[above] += bytes[row];
  }
  return { kept, bytes, files, signs, matches: matches.reverse() };
}

/** How many rows there are of each kind one can filter by. */
export function countKinds(signs) {
  const sum = (kinds) => kinds.reduce((total, sign) => total + signs[sign], 0);
  return Object.fromEntries(Object.entries(KINDS).map(([name, kinds]) => [name, sum(kinds)]));
}

const isFiltered = ({ text, kind }) => Boolean(text) || (kind ?? "any") !== "any";

export function isOpen(node, choice) {
  return isFiltered(choice) ? !choice.closed.has(node) : choice.open.has(node);
}

/** Open or close a directory. */
export function toggle(node, choice) {
  const set = isFiltered(choice) ? choice.closed : choice.open;
  if (!set.delete(node)) set.add(node);
}

/** The rows to draw, in order, with what a screen reader counts: place and size of the set. */
export function flatten(tree, rows, { kept }, choice) {
  const shown = [];
  const place = [];
  const siblings = new Map(); // parent node -> how many so far
  for (let row = 0; row < rows.count;) {
    const n = rows.node[row];
    if (!kept[row]) {
      row++;
      continue;
    }
    const above = n === 0 ? -1 : tree.parent[n];
    siblings.set(above, (siblings.get(above) ?? 0) + 1);
    shown.push(row);
    place.push(siblings.get(above));
    const shut = rows.folder[n] === row && !isOpen(n, choice);
    row = shut ? rows.start[tree.end[n]] : row + 1;
  }
  const setSize = shown.map((row) => {
    const n = rows.node[row];
    return siblings.get(n === 0 ? -1 : tree.parent[n]);
  });
  return { shown, place, setSize };
}

/** Directories to open at first: those on the way to what was chosen, then, level by level, those
 *  in which the image's own layers did something, while that is not more than one looks over. */
export function openAtFirst(tree, selected) {
  const open = new Set([0]);
  for (let n = selected; n > 0; n = tree.parent[n]) open.add(tree.parent[n]);
  const touched = new Uint8Array(tree.name.length);
  for (let v = tree.node.length - 1; v >= 0; v--)
    if (tree.layer[v] > tree.shared || tree.hiddenBy[v]) touched[tree.node[v]] = 1;
  const children = new Int32Array(tree.name.length);
  for (let n = tree.name.length - 1; n > 0; n--) {
    children[tree.parent[n]]++;
    if (touched[n]) touched[tree.parent[n]] = 1;
  }
  let room = OPEN_AT_FIRST - [...open].reduce((sum, n) => sum + children[n], 0);
  const order = Array.from(tree.name.keys()).filter((n) => n && touched[n] && children[n]);
  order.sort((one, other) => tree.depth[one] - tree.depth[other] || one - other);
  for (const n of order)
    if (!open.has(n) && open.has(tree.parent[n]) && children[n] <= room) {
      open.add(n);
      room -= children[n];
    }
  return open;
}

/**
 * What a key does in a tree (WAI-ARIA Authoring Practices, "Tree View"). shown: the rows of
 * `flatten`; at: the index of the present one. Returns { to } (an index), { toggle: node },
 * { select: true }, or null for a key that is none of ours.
 */
export function keyPressed(key, { tree, rows, shown, at, choice, page = 10 }) {
  const last = shown.length - 1;
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -at, End: last };
  if (key in steps) return { to: Math.min(Math.max(at + steps[key], 0), last) };
  if (key === "Enter" || key === " ") return { select: true };
  if (key === "ArrowRight") return inwards({ tree, rows, shown, at, choice });
  if (key === "ArrowLeft") return outwards({ tree, rows, shown, at, choice });
  return typed(key, { tree, rows, shown, at });
}

/** Whether a row is a directory with something in it, seen or not. */
export function isFolder(tree, rows, row) {
  const node = rows.node[row];
  return rows.folder[node] === row && tree.end[node] > node + 1;
}

function inwards({ tree, rows, shown, at, choice }) {
  const node = rows.node[shown[at]];
  if (!isFolder(tree, rows, shown[at])) return {};
  if (!isOpen(node, choice)) return { toggle: node };
  return tree.parent[rows.node[shown[at + 1]]] === node ? { to: at + 1 } : {};
}

function outwards({ tree, rows, shown, at, choice }) {
  const node = rows.node[shown[at]];
  if (isFolder(tree, rows, shown[at]) && isOpen(node, choice)) return { toggle: node };
  return node === 0 ? {} : { to: shown.indexOf(rows.folder[tree.parent[node]]) };
}

/** A letter goes to the next row whose name begins with it. */
function typed(key, { tree, rows, shown, at }) {
  if ([...key].length !== 1) return null;
  const sought = key.toLowerCase();
  for (let step = 1; step <= shown.length; step++) {
    const to = (at + step) % shown.length;
    if (tree.name[rows.node[shown[to]]].toLowerCase().startsWith(sought)) return { to };
  }
  return null;
}

/** A path's life, layer by layer: [{ layer, what, size }], what being a key of the texts. */
export function historyOf(tree, node) {
  const steps = [];
  const ends = { w: "says deleted", o: "says emptied", c: "says covered" };
  for (let v = tree.first[node]; v < tree.first[node + 1]; v++) {
    const [layer, size, kind] = [tree.layer[v], tree.size[v], tree.kind[v]];
    if (kind === "i") continue;
    if (kind === "w" || kind === "q") {
      steps.push({ layer, size: 0, what: kind === "w" ? "says whiteout" : "says opaque" });
      continue;
    }
    const changed = sameBytes(tree, v) ? "says twin" : "says changed";
    steps.push({ layer, size, what: replaces(tree, v) ? changed : "says added" });
    if (tree.how[v] in ends) steps.push({ layer: tree.hiddenBy[v], size, what: ends[tree.how[v]] });
  }
  return steps.sort((one, other) => one.layer - other.layer);
}

/** Bytes after the first layers: stored, hidden among them, and seen. */
export function bytesUpTo(layers, count) {
  const below = layers.slice(0, count);
  const stored = below.reduce((sum, layer) => sum + layer.stored, 0);
  const hidden = below.reduce((sum, layer) => sum + layer.hides, 0);
  return { stored, hidden, seen: stored - hidden };
}
