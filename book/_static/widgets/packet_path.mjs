// The way of a packet to a published port: the stops in order, in the network they belong to,
// each with the real rule or interface and what the kernel has counted there. Two lanes beside
// each other are two ways. What has just counted is marked by a border and by "+3".
import { h, house } from "./house.mjs";

const LANES = ["in", "rules", "proxy", "out", "inside"];

// -- computations

/** What a stop has counted in a frame: [towards the container, back]; null: not counted. */
export function countsOf(frame, id) {
  return frame?.counts[id] ?? [null, null];
}

/** How much more than in another frame, towards the container; null where nobody counts. */
export function grown(frame, before, id) {
  const [now] = countsOf(frame, id);
  const [then] = countsOf(before, id);
  return now === null || then === null ? null : now - then;
}

/** The stops by lane, in order, and which lanes there are. */
export function lanesOf(state) {
  return Object.fromEntries(
    LANES.map((lane) => [lane, state.stops.filter((stop) => stop.lane === lane)]),
  );
}

/** What a stop has counted, as text. */
export function countText(frame, id, t) {
  const [to, back] = countsOf(frame, id);
  if (to === null) return t("not counted");
  if (id === "proxy") return t("runs", { count: to });
  if (id === "process") return t("connections", { count: to });
  return back === null ? t("packets", { count: to }) : t("both", { to, back });
}

// -- the picture

/** Made once, and anew when a stop is opened or closed: a button that is pressed must stay. */
function picture(stage, now) {
  const { mine, state } = now;
  if (!mine.listens) stage.addEventListener("keydown", (event) => step(stage, event));
  mine.listens = true;
  if (mine.drawn?.state !== state || mine.drawn.open !== mine.open) build(stage, now);
  for (const stop of state.stops) update(stop, mine.drawn.parts[stop.id], now);
}

function build(stage, now) {
  const { state, t, mine } = now;
  const focused = stage.querySelector("button:focus")?.dataset.stop;
  mine.drawn = { state, open: mine.open, parts: {} };
  const lanes = lanesOf(state);
  const list = (stops) => stops.map((stop) => stopOf(stop, now));
  const ways = ["rules", "proxy"]
    .filter((lane) => lanes[lane].length)
    .map((lane) => laneOf(t(`${lane} lane`), list(lanes[lane])));
  const drawn = h(
    "div",
    { class: "lab-p" },
    boxOf(t("host"), [
      ...list(lanes.in),
      h("div", { class: "lab-p-ways" }, ...ways),
      ...list(lanes.out),
    ]),
    boxOf(t("inside", { container: state.container }), list(lanes.inside)),
  );
  stage.replaceChildren(h("style", {}, PATH_STYLE), drawn);
  if (focused) mine.drawn.parts[focused]?.button.focus();
}

/** Arrow keys go from stop to stop. */
function step(stage, event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [...stage.querySelectorAll("button[data-stop]")];
  const at = stops.indexOf(document.activeElement);
  if (!by || at < 0) return;
  event.preventDefault();
  stops[Math.min(Math.max(at + by, 0), stops.length - 1)].focus();
}

function boxOf(label, stops) {
  const name = h("div", { class: "lab-p-label" }, label);
  return h("div", { class: "lab-p-box", role: "group", "aria-label": label }, name, ...stops);
}

function laneOf(label, stops) {
  return h("div", { class: "lab-p-lane" }, h("div", { class: "lab-p-name" }, label), ...stops);
}

function stopOf(stop, now) {
  const { t, mine } = now;
  const open = mine.open === stop.id;
  const count = h("span", { class: "lab-p-count" });
  const press = () => {
    mine.open = open ? null : stop.id;
    now.redraw();
  };
  const button = h(
    "button",
    { type: "button", "data-stop": stop.id, "aria-expanded": String(open), click: press },
    h("span", { class: "lab-p-name" }, stop.name),
    count,
    h("code", {}, stop.what),
  );
  mine.drawn.parts[stop.id] = { button, count };
  if (!open) return button;
  const said = stop.detail ? `${stop.detail}. ${t("see")} ` : `${t("see")} `;
  const detail = h("p", { class: "lab-p-detail" }, said, h("code", {}, stop.command));
  return h("div", {}, button, detail);
}

/** What a stop has counted, and how much of it since the frame before. */
function update(stop, { button, count }, { frames, frame, index, t }) {
  const more = index > 0 ? grown(frame, frames[index - 1], stop.id) : 0;
  button.className = `lab-p-stop${more ? " lab-p-moved" : ""}`;
  const plus = more ? h("b", {}, ` ${t("plus", { count: more })}`) : "";
  count.replaceChildren(stop.lane === "in" ? "" : countText(frame, stop.id, t), plus);
}

// -- in words

/** The same as helpers.views.packet_path.words says of the last frame. */
export function wordsOf({ frame, frames, state, t }) {
  if (!frame) return t("says nothing");
  const at = Math.round(frame.at - frames[0].at);
  const [accepted] = countsOf(frame, "process");
  const [dnat] = state.dnat ? countsOf(frame, "dnat") : [null];
  const said =
    dnat === null
      ? [t("says no dnat", { at, accepted })]
      : [t("says dnat", { at, accepted, dnat })];
  const rest = dnat === null ? 0 : accepted - dnat;
  if (rest > 0) said.push(t(state.proxy ? "says another way" : "says straight", { rest }));
  const [to, back] = countsOf(frame, "container_end");
  if (to !== null) said.push(t("says cable", { to, back }));
  said.push(listeningOf(frame.listening, state.target, t));
  return said.join(" ");
}

function listeningOf(addresses, target, t) {
  if (!addresses.length) return t("says nobody", { target });
  const alone = addresses.every((each) => each.startsWith("127.") || each === "::1");
  const any = (address) => ["0.0.0.0", "::"].includes(address);
  const names = addresses.map((address) => (any(address) ? t("any", { address }) : address));
  return t(alone ? "says alone" : "says listening", { target, addresses: names.join(", ") });
}

/** One row for each stop, with what it has counted at the moment that is shown. */
export function tableOfStops({ frame, frames, state, t }) {
  const cell = (value) => (value === null ? "" : String(value));
  return {
    head: ["stop", "what", "to", "back", "more"].map((name) => t(`head ${name}`)),
    rows: state.stops.map((stop) => [
      stop.name,
      stop.what,
      ...countsOf(frame, stop.id).map(cell),
      cell(grown(frame, frames[0], stop.id)),
    ]),
  };
}

const PATH_STYLE = `
.lab-w-stage:has(> .lab-p) { max-height: none; }
.lab-p { display: grid; gap: 1.1em; max-width: 52em; }
.lab-p-box { border: 1px dashed rgb(127 127 127 / .8); border-radius: 6px; padding: .3em .6em .7em;
  display: grid; gap: .45em; position: relative; min-width: 0; }
.lab-p-box + .lab-p-box::before { content: ""; position: absolute; top: -1.2em; height: 1.2em;
  left: 2em; border-inline-start: 4px double currentColor; }
.lab-p-label { font-weight: 600; }
.lab-p-ways { display: flex; flex-wrap: wrap; gap: .6em; }
.lab-p-lane { flex: 1 1 15em; min-width: 0; display: grid; gap: .45em; align-content: start;
  border-inline-start: 3px solid rgb(127 127 127 / .5); padding-inline-start: .6em; }
.lab-w button.lab-p-stop { display: flex; flex-wrap: wrap; gap: 0 1em; width: 100%;
  justify-content: space-between; align-items: baseline; text-align: start;
  padding: .3em .6em; border-width: 1px 1px 1px 4px; border-color: rgb(127 127 127 / .6); }
.lab-w button.lab-p-moved { border-color: var(--lab-running); }
.lab-p-name { font-size: .9em; }
.lab-w button.lab-p-stop code { flex-basis: 100%; }
.lab-p code { font-size: .85em; overflow-wrap: anywhere; white-space: normal; color: inherit;
  background: transparent; border: 0; padding: 0; }
.lab-p-count { font-variant-numeric: tabular-nums; font-size: .9em; }
.lab-p-count b { color: inherit; }
.lab-p-detail { margin: .2em 0 0 .9em; font-size: .9em; overflow-wrap: anywhere; }
`;

export default {
  render: (given) => house(given, { picture, table: tableOfStops, words: wordsOf }),
};
