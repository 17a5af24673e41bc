// The namespace explorer: a row for each process, a column for each kind of namespace. The same
// letter, colour and shape in a column is the same namespace. Two rows can be compared.
import { h, house } from "./house.mjs";

const PID = 0;
const NAME = 1;
const HOME = 2;
const MARKS = 3;
const HOST = 0; // the mark of the host's own namespaces
const ALPHABET = 26;

// -- computations: the same as in helpers/views/namespace_explorer.py

/** What stands in a cell: A to Z, then AA and so on; the host's name; "?" for the unknown. */
export function letter(mark, t) {
  if (mark === null) return "?";
  if (mark === HOST) return t("host");
  let found = "";
  for (let rest = mark; rest > 0; rest = Math.floor((rest - 1) / ALPHABET))
    found = String.fromCharCode(65 + ((rest - 1) % ALPHABET)) + found;
  return found;
}

/** How a namespace is drawn: its colour, and after all colours were used another shape. */
export function look(mark, series) {
  if (!mark) return { fill: null, shape: mark === HOST ? "host" : "unknown" };
  const shapes = ["square", "round", "cut"];
  const turn = Math.floor((mark - 1) / series.length) % shapes.length;
  return { fill: series[(mark - 1) % series.length], shape: shapes[turn] };
}

/** Black or white, whichever is easier to read on a colour (WCAG's relative luminance). */
export function inkOn(fill) {
  const part = (start) => {
    const value = parseInt(fill.slice(start, start + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
  return luminance > 0.179 ? "#000" : "#fff";
}

/** The first process of a container, or the first whose command begins so; else null. */
export function rowOf(rows, token) {
  const named = rows.find((row) => (row[HOME] || "host") === token);
  return named ?? rows.find((row) => row[NAME].startsWith(token)) ?? null;
}

/** The two rows to compare: who was chosen, as long as it is there. */
export function chosenRows(now) {
  const { mine, state, frame } = now;
  if (!frame) return [];
  mine.chosen ??= state.chosen.map((token) => ({ token }));
  return mine.chosen
    .map((each) => {
      if (each.pid !== undefined) return frame.rows.find((row) => row[PID] === each.pid);
      return rowOf(frame.rows, each.token);
    })
    .filter(Boolean);
}

/** Which kinds two processes share: true, false, or null where one of them is not known. */
export function shares(one, other) {
  return one[MARKS].map((mark, kind) => {
    const its = other[MARKS][kind];
    return mark === null || its === null ? null : mark === its;
  });
}

/** What is different in a frame from the one before: who came, who moved, who went. */
export function eventsOf(frames, index) {
  if (index < 1) return { came: [], moved: [], gone: [] };
  const before = new Map(frames[index - 1].rows.map((row) => [row[PID], row]));
  const after = new Map(frames[index].rows.map((row) => [row[PID], row]));
  const moved = frames[index].rows
    .filter((row) => before.has(row[PID]))
    .map((row) => ({ row, was: before.get(row[PID])[MARKS] }))
    .filter(({ row, was }) => row[MARKS].some((mark, kind) => mark !== was[kind]));
  return {
    came: frames[index].rows.filter((row) => !before.has(row[PID])),
    moved,
    gone: frames[index - 1].rows.filter((row) => !after.has(row[PID])),
  };
}

/** The rows whose container or command contains a text. */
export function sifted(rows, text, t) {
  const wanted = text.trim().toLowerCase();
  const place = (row) => `${row[HOME] || t("host")} ${row[NAME]} ${row[PID]}`.toLowerCase();
  return rows.filter((row) => place(row).includes(wanted));
}

// -- in words

function whoIs(row, t) {
  const values = { name: row[NAME], pid: row[PID], home: row[HOME] };
  return t(row[HOME] ? "who" : "who host", values);
}

function which(mark, t) {
  if (mark === null) return t("unknown");
  return mark === HOST ? t("the host's") : letter(mark, t);
}

export function listed(parts, t) {
  if (parts.length < 2) return parts.join("");
  return t("and", { some: parts.slice(0, -1).join(", "), last: parts.at(-1) });
}

function eventWords({ frames, index, state, t }) {
  const { came, moved, gone } = eventsOf(frames, index);
  if (!came.length && !moved.length && !gone.length) return [];
  const at = Math.round(frames[index].at - frames[0].at);
  const moves = ({ row, was }) =>
    state.kinds
      .map((kind, number) => ({ kind, was: was[number], now: row[MARKS][number] }))
      .filter((each) => each.was !== each.now)
      .map((each) =>
        t("says move", { kind: each.kind, was: which(each.was, t), now: which(each.now, t) }),
      );
  const said = frames[index].rows.flatMap((row) => {
    if (came.includes(row)) return [t("says new", { at, who: whoIs(row, t) })];
    const move = moved.find((each) => each.row === row);
    if (!move) return [];
    return [t("says moved", { at, who: whoIs(row, t), moves: listed(moves(move), t) })];
  });
  return [...said, ...gone.map((row) => t("says gone", { at, who: whoIs(row, t) }))];
}

function pairWords([one, other], { state, t }) {
  const same = shares(one, other);
  const shared = state.kinds.filter((_kind, number) => same[number]);
  const apart = state.kinds.filter((_kind, number) => !same[number]);
  const key = shared.length && apart.length ? "says some" : apart.length ? "says none" : "says all";
  return t(key, {
    who: whoIs(one, t),
    other: whoIs(other, t),
    shared: listed(shared, t),
    apart: listed(apart, t),
  });
}

function apartWords(row, { state, t }) {
  const kinds = state.kinds.filter((_kind, number) => row[MARKS][number] !== HOST);
  return t(kinds.length ? "says apart" : "says host", {
    who: whoIs(row, t),
    kinds: listed(kinds, t),
  });
}

/** Who is in the namespace that the reader pointed at. */
function namespaceWords({ kind, mark }, { state, frame, t }) {
  const inside = frame.rows.filter((row) => row[MARKS][kind] === mark);
  if (!inside.length) return "";
  const inode = frame.inodes[kind][mark];
  const who = listed(
    inside.map((row) => whoIs(row, t)),
    t,
  );
  return t("says namespace", { which: letter(mark, t), kind: state.kinds[kind], inode, who });
}

/** The same as helpers.views.namespace_explorer.words says of the last frame, and what is chosen. */
export function wordsOf(now) {
  if (!now.frame) return now.t("says nothing");
  const rows = chosenRows(now);
  const said = eventWords(now);
  if (rows.length === 2) said.push(pairWords(rows, now));
  else if (rows.length) said.push(apartWords(rows[0], now));
  if (now.mine.point) said.push(namespaceWords(now.mine.point, now));
  return said.filter(Boolean).join(" ");
}

/** One row for each process of the frame shown. */
export function tableOfProcesses({ frame, state, t }) {
  return {
    head: [t("head home"), t("head process"), t("head pid"), ...state.kinds],
    rows: (frame?.rows ?? []).map((row) => [
      row[HOME] || t("host"),
      row[NAME],
      String(row[PID]),
      ...row[MARKS].map((mark) => letter(mark, t)),
    ]),
  };
}

// -- the picture

/** Choose a process to compare; one that is chosen already is let go, a third takes the first's place. */
export function choose(mine, rows, row) {
  const kept = rows.filter((each) => each[PID] !== row[PID]).map((each) => ({ pid: each[PID] }));
  const add = rows.some((each) => each[PID] === row[PID]) ? [] : [{ pid: row[PID] }];
  mine.chosen = [...kept, ...add].slice(-2);
}

/** Where a key leads in the grid: row and column, both from 0; null where it is not ours. */
export function step(key, { row, column }, { rows, columns }) {
  const last = { row: rows - 1, column: columns - 1 };
  const moves = {
    ArrowDown: [row + 1, column],
    ArrowUp: [row - 1, column],
    ArrowRight: [row, column + 1],
    ArrowLeft: [row, column - 1],
    Home: [row, 0],
    End: [row, last.column],
    PageUp: [0, column],
    PageDown: [last.row, column],
  };
  if (!moves[key]) return null;
  const within = (value, most) => Math.min(Math.max(value, 0), most);
  return { row: within(moves[key][0], last.row), column: within(moves[key][1], last.column) };
}

function picture(stage, now) {
  const { mine, frame, t } = now;
  mine.active ??= { row: 0, column: 0 };
  mine.text ??= "";
  if (!mine.filter) {
    const change = (event) => {
      mine.text = event.target.value;
      mine.active = { row: 0, column: 0 };
      now.redraw();
    };
    const hint = { placeholder: t("filter hint"), type: "search", input: change };
    const field = h("input", { class: "lab-n-filter", ...hint });
    mine.filter = h("label", { class: "lab-n-sift" }, t("filter"), " ", field);
    mine.sheet = h("div", { class: "lab-n-sheet" });
    mine.key = h("p", { class: "lab-n-key" }, t("key"));
    stage.replaceChildren(h("style", {}, NAMESPACES_STYLE), mine.filter, mine.sheet, mine.key);
  }
  const rows = frame ? sifted(frame.rows, mine.text, t) : [];
  const held = mine.sheet.contains(document.activeElement);
  if (rows.length) mine.sheet.replaceChildren(gridOf(rows, now));
  else mine.sheet.replaceChildren(h("p", {}, t(frame ? "nobody" : "says nothing")));
  if (held) mine.sheet.querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
}

function gridOf(rows, now) {
  const { mine, state, t } = now;
  const size = { rows: rows.length, columns: state.kinds.length + 1 };
  mine.active.row = Math.min(mine.active.row, rows.length - 1);
  const head = [t("process"), ...state.kinds].map((text, number) =>
    h("th", { scope: "col", class: number ? "lab-n-kind" : null }, h("span", {}, text)),
  );
  const picked = chosenRows(now);
  const { moved, came } = eventsOf(now.frames, now.index);
  const lines = rows.map((row, number) => {
    const was = moved.find((each) => each.row === row)?.was ?? null;
    const first = number === 0 || rows[number - 1][HOME] !== row[HOME];
    return rowLine(row, { number, first, was, isNew: came.includes(row), picked }, now);
  });
  const grid = h(
    "table",
    { role: "grid", class: "lab-n", "aria-label": t("grid name"), "aria-multiselectable": "true" },
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...lines),
    picked.length === 2 ? h("tfoot", {}, verdictOf(picked, now)) : null,
  );
  const go = (place) => {
    mine.active = place;
    mine.sheet.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    const cell = grid.tBodies[0].rows[place.row].cells[place.column];
    cell.setAttribute("tabindex", "0");
    cell.focus();
  };
  const act = ({ row, column }) => {
    if (column === 0) choose(mine, chosenRows(now), rows[row]);
    else point(mine, { kind: column - 1, mark: rows[row][MARKS][column - 1] });
    now.redraw();
  };
  grid.addEventListener("keydown", (event) => {
    const place = step(event.key, mine.active, size);
    if (place) go(place);
    else if (event.key === "Enter" || event.key === " ") act(mine.active);
    else return;
    event.preventDefault();
  });
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest("tbody [tabindex]");
    if (!cell) return;
    go({ row: cell.parentElement.sectionRowIndex, column: cell.cellIndex });
    act(mine.active);
  });
  return grid;
}

/** Point at a namespace, or at none where it is pointed at already. */
export function point(mine, { kind, mark }) {
  const same = mine.point?.kind === kind && mine.point?.mark === mark;
  mine.point = same || mark === null ? null : { kind, mark };
}

function rowLine(row, { number, first, was, isNew, picked }, now) {
  const { mine, state, t } = now;
  const place = picked.findIndex((each) => each[PID] === row[PID]) + 1;
  const tab = (column) =>
    mine.active.row === number && mine.active.column === column ? "0" : "-1";
  const who = h(
    "th",
    { scope: "row", tabindex: tab(0), "aria-selected": String(place > 0), title: whoIs(row, t) },
    h("span", { class: place ? "lab-n-place" : "lab-n-none" }, place ? String(place) : ""),
    h("span", { class: "lab-n-who" }, h("b", {}, row[HOME] || t("host")), " ", row[NAME]),
  );
  const cells = state.kinds.map((kind, column) => {
    const mark = row[MARKS][column];
    const before = was && was[column] !== mark ? was[column] : undefined;
    const lit = mine.point?.kind === column && mine.point?.mark === mark;
    return cellOf({ kind, mark, before, lit, tab: tab(column + 1) }, now);
  });
  const marks = [first && "lab-n-first", isNew && "lab-n-new"].filter(Boolean).join(" ");
  return h("tr", { class: marks || null }, who, ...cells);
}

function cellOf({ kind, mark, before, lit, tab }, { state, t }) {
  const { fill, shape } = look(mark, state.series);
  const moved = before !== undefined;
  const style = fill && `background:${fill};color:${inkOn(fill)}`;
  const name = t(moved ? "moved here" : "cell", {
    kind,
    which: which(mark, t),
    was: which(before ?? null, t),
  });
  const text = (moved ? "→" : "") + letter(mark, t);
  const badge = h(
    "span",
    { class: `lab-n-mark lab-n-${shape}${moved ? " lab-n-moved" : ""}`, style },
    text,
  );
  return h("td", { tabindex: tab, "aria-label": name, "aria-selected": String(lit) }, badge);
}

/** The last line: what the two chosen share. */
function verdictOf([one, other], { t }) {
  const signs = shares(one, other).map((same) => (same === null ? "?" : same ? "=" : "≠"));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, t("same")),
    ...signs.map((sign) => h("td", { class: sign === "=" ? "lab-n-same" : "lab-n-apart" }, sign)),
  );
}

const NAMESPACES_STYLE = `
.lab-n-sift { display: inline-flex; gap: .4em; align-items: baseline; }
.lab-w .lab-n-filter { font: inherit; color: inherit; background: transparent; min-width: 0;
  border: 1px solid rgb(127 127 127 / .6); border-radius: 4px; padding: .1em .4em; width: 17em; max-width: 55vw; }
.lab-w .lab-n-filter::placeholder { color: inherit; opacity: .75; }
.lab-w table.lab-n { margin: .5em 0; }
.lab-w .lab-n th, .lab-w .lab-n td { padding: .12em .1em; border-bottom: 0; }
.lab-w .lab-n tr.lab-n-first > * { border-top: 1px solid rgb(127 127 127 / .4); }
.lab-w .lab-n thead th { font-weight: 600; vertical-align: bottom; }
.lab-w .lab-n td, .lab-w .lab-n .lab-n-kind { text-align: center; min-width: 2.9em; }
.lab-w .lab-n tbody th { font-weight: 400; cursor: pointer; max-width: 22em; padding-inline-end: .6em; }
.lab-n tbody th { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.lab-n-place, .lab-n-none { display: inline-block; box-sizing: border-box; width: 1.3em; height: 1.3em;
  border: 1px solid rgb(127 127 127 / .6); border-radius: 50%; margin-inline-end: .3em;
  font-size: .85em; line-height: 1.15em; text-align: center; vertical-align: middle; }
.lab-n-place { border: 2px solid currentColor; font-weight: 700; line-height: 1em; }
.lab-n-mark { display: inline-block; min-width: 2.2em; padding: .05em .2em; cursor: pointer;
  border-radius: 3px; border: 2px solid transparent; font-size: .9em; }
.lab-n-round { border-radius: 1em; }
.lab-n-cut { border-radius: 0 1em 0 1em; }
.lab-n-unknown { border-style: dotted; border-color: rgb(127 127 127 / .7); }
.lab-n-moved { font-weight: 700; }
.lab-n [aria-selected="true"] .lab-n-mark, .lab-n-moved { border-color: currentColor; }
.lab-n [aria-selected="true"] .lab-n-mark { outline: 2px solid var(--lab-limit); outline-offset: 1px; }
.lab-n-new th { font-style: italic; }
.lab-w .lab-n tfoot > tr > * { border-top: 2px solid rgb(127 127 127 / .6); font-weight: 600; }
.lab-n-apart { opacity: .8; }
.lab-w .lab-n-key { font-size: .85em; margin: .3em 0 0; }
@media (max-width: 600px) {
  .lab-w .lab-n .lab-n-kind span { writing-mode: vertical-rl; transform: rotate(180deg); }
  .lab-w .lab-n td, .lab-w .lab-n .lab-n-kind { min-width: 0; padding: .1em 0; }
  .lab-n-mark { min-width: 1.35em; padding: .05em 0; font-size: .72em; }
  .lab-w .lab-n tbody th { max-width: 7em; padding-inline-end: .2em; line-height: 1.15; }
  .lab-n-who { display: inline-block; max-width: 5.2em; overflow: hidden; text-overflow: ellipsis;
    vertical-align: middle; font-size: .85em; }
  .lab-n-who b { display: block; overflow: hidden; text-overflow: ellipsis; }
  .lab-w .lab-n tfoot th { max-width: 7em; }
}
`;

export default {
  render: (given) => house(given, { picture, table: tableOfProcesses, words: wordsOf }),
};
