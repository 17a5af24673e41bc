// What the layer explorer says: notes at rows, words below, and the plain table.
import { bytes } from "./house.mjs";
import { actsOf } from "./layer_live.mjs";
import {
  SIGNS,
  bytesUpTo,
  historyOf,
  isFolder,
  isOpen,
  opaqueIn,
  replaces,
  sameBytes,
} from "./layer_tree.mjs";

/** What there is to say of a layer: what it stores, and what of that is wasted. */
export function layerWords(layer, number, { state, t }) {
  const words = [bytes(layer.stored)];
  if (layer.hidden)
    words.push(
      layer.hidden === layer.stored
        ? t("all hidden")
        : t("part hidden", { size: bytes(layer.hidden) }),
    );
  if (layer.hides) words.push(t("hides", { size: bytes(layer.hides) }));
  if (layer.twins) words.push(t("twins", { size: bytes(layer.twins) }));
  if (number <= state.shared) words.push(t("shared", { other: state.beside }));
  return words.join(", ");
}

/** All that a row of the tree shows; `label` is what a screen reader says of it. */
export function describe(mine, row, now) {
  const { tree, rows, sifted, choice } = mine;
  const { t } = now;
  const [n, v] = [rows.node[row], rows.version[row]];
  const folder = rows.folder[n] === row;
  const sign = SIGNS[rows.sign[row]];
  const size = folder ? folderSize(sifted, row, now) : bytes(tree.size[v]);
  const told = { name: nameOf(tree, n, v, folder), size, note: noteOf(mine, row, now), sign };
  told.layer = v >= 0 ? tree.layer[v] : sign && choice.layer;
  told.letter = sign ? `${t(`${sign} letter`)} ${told.layer}` : "";
  told.open = isFolder(tree, rows, row) ? isOpen(n, choice) : null;
  const said = [told.name, size, sign && t(sign), told.layer && t("layer", { number: told.layer })];
  told.label = [...said, told.note].filter(Boolean).join(", ");
  return told;
}

function folderSize({ files, bytes: sums }, row, { t }) {
  const [count, size] = [files[row], bytes(sums[row])];
  return count ? t(count === 1 ? "one file" : "folder", { count, size }) : t("empty");
}

export function nameOf(tree, n, v, folder) {
  if (folder) return n === 0 ? "/" : `${tree.name[n]}/`;
  return tree.target[v] ? `${tree.name[n]} → ${tree.target[v]}` : tree.name[n];
}

const GONE = { r: "replaced by", w: "deleted by", o: "emptied by", c: "covered by" };

/** What there is to say of a row besides its letter and its layer. */
function noteOf({ tree, rows, choice }, row, { t }) {
  const [n, v] = [rows.node[row], rows.version[row]];
  const sign = SIGNS[rows.sign[row]];
  const opaque = rows.folder[n] === row ? opaqueIn(tree, n, choice) : [];
  if (opaque.length) return t("opaque", { layer: opaque.join(", ") });
  if (v < 0) return "";
  if (tree.kind[v] === "w") return t("whiteout", { layer: tree.layer[v] });
  if (sign === "deleted" || sign === "replaced")
    return t(GONE[tree.how[v]], { layer: tree.hiddenBy[v] });
  if (sign !== "changed" || !replaces(tree, v)) return "";
  if (tree.kind[v] === "d") return t("folder was", { layer: tree.layer[v - 1] });
  if (sameBytes(tree, v)) return t("same bytes", { layer: tree.layer[v - 1] });
  return t("was", { size: bytes(tree.size[v - 1]), layer: tree.layer[v - 1] });
}

/** The layers and the files that are shown, as a plain table. mine: the choice and its rows. */
export function tableOfLayers(mine, now) {
  const { frame, state, t } = now;
  const head = [t("path"), t("bytes"), t("number"), t("what")];
  const layers = state.layers.map((layer, index) => [
    layer.by,
    layer.stored,
    index + 1,
    layerWords(layer, index + 1, now),
  ]);
  const files = mine.sifted.matches.map((row) => {
    const [n, v] = [mine.rows.node[row], mine.rows.version[row]];
    const note = noteOf(mine, row, now);
    const what = [t(SIGNS[mine.rows.sign[row]]), note].filter(Boolean).join(", ");
    return [
      mine.tree.path[n],
      v < 0 ? "" : mine.tree.size[v],
      v < 0 ? "" : mine.tree.layer[v],
      what,
    ];
  });
  const acts = actsOf({ frame, t }).map(({ what, cost }) => [what, "", "", cost]);
  return { head, rows: [...layers.reverse(), ...files, ...acts] };
}

/** The text equivalent of what is shown. */
export function wordsOfLayers({ choice, sifted, selected, tree }, { state, t }) {
  const { signs } = sifted;
  const layer = state.layers[choice.layer - 1];
  const upTo = bytesUpTo(state.layers, choice.layer);
  const said = choice.only
    ? t("says only", {
        number: choice.layer,
        by: layer.by,
        stored: bytes(layer.stored),
        hides: bytes(layer.hides),
        ...Object.fromEntries(SIGNS.map((sign, index) => [sign, signs[index]])),
      })
    : t("says upto", {
        number: choice.layer,
        stored: bytes(upTo.stored),
        seen: bytes(upTo.seen),
        hidden: bytes(upTo.hidden),
      });
  const parts = [said];
  if (choice.text || choice.kind !== "any")
    parts.push(t("says filter", { count: sifted.files[0], size: bytes(sifted.bytes[0]) }));
  if (selected >= 0) {
    const steps = historyOf(tree, selected).map(({ layer: number, size, what }) =>
      t("says step", { layer: number, what: t(what, { size: bytes(size) }) }),
    );
    const path = tree.path[selected];
    parts.push(t(steps.length ? "says path" : "says no layer", { path, steps: steps.join("; ") }));
  }
  return parts.join(" ");
}
