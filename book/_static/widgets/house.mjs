// What all widgets of the book share: the frame around the picture, the time line, the table,
// the words. A widget module is an anywidget front end (https://anywidget.dev/en/afm/):
//
//   import { house } from "./house.mjs";
//   export default { render: (given) => house(given, { picture, table, words }) };
//
// picture(stage, now)  draws into the element `stage`; called again when anything changes
// table(now)           returns { head: [text], rows: [[text]] }: the same as a plain table
// words(now)           returns one or two sentences: the text equivalent of what is shown now
//
// now: { state, frame, frames, index, mine, t(key, values), redraw(), goTo(index), live, answers, ask(question) }.
// answers: whether a kernel listens; ask(question) sends it an object, and its answer is shown below the
// words. A picture offers such a thing only while `answers`. All else comes from the model's state alone: `state` (what does not change), `frames` (a time line: objects with `at`,
// seconds), `texts` (sentences with {fields}, so that they can be translated). Nothing is
// fetched. `mine` is an empty object for what the reader chose; it lives as long as the view.
//
// In JupyterLab the module is one text: helpers/views/live.py puts this file (and others that the
// widget imports) in front of the widget's and drops the import lines.

const SVG = "http://www.w3.org/2000/svg";
const STEP = 250; // ms between two frames when a recorded time line plays
const MOST_ROWS = 500; // of a table: more is not read, it is searched

/** Make an element. Text from containers only ever becomes text nodes. */
export function h(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
export function s(tag, attributes = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), attributes, children);
}

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Fill the {fields} of a sentence. */
export function fill(template, values = {}) {
  return template.replace(/\{(\w+)\}/g, (field, name) => String(values[name] ?? field));
}

/** Bytes as Docker writes them, with three digits: 74,500,000 is "74.5 MB". */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let number = count;
  let unit = 0;
  while (Math.abs(number) >= 999.5 && unit < units.length - 1) {
    number /= 1000;
    unit += 1;
  }
  return `${Number(number.toPrecision(3))} ${units[unit]}`;
}

/** The index of the last frame at or before a time; 0 where there is none. */
export function frameAt(frames, at) {
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frames[middle].at <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(low - 1, 0);
}

/** Run a widget in `el`; returns what ends it. See the top of this file. */
export function house({ model, el }, { picture, table, words }) {
  const time = timeline(model);
  const texts = model.get("texts") ?? {};
  const mine = {};
  const now = () => ({
    mine,
    state: model.get("state") ?? {},
    frames: time.frames,
    index: time.index,
    frame: time.frames[time.index] ?? null,
    t: (key, values) => fill(texts[key] ?? key, values),
    redraw,
    goTo: (index) => clock.goTo(index),
    answers: listens(model),
    live: model.get("level") === "live",
    ask: (question) => counter.ask(question),
  });
  const parts = frame(model, now, { onTab: () => redraw() });
  const clock = scrubber(time, now, () => redraw());
  const counter = answering(model, now);
  parts.root.append(clock.element, parts.words, counter.element);
  el.replaceChildren(h("style", {}, STYLE), parts.root);

  let waiting = 0;
  function redraw() {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      draw();
    });
  }
  function draw() {
    const seen = now();
    parts.say(model);
    clock.show(seen);
    if (parts.tab() === "picture") picture(parts.stage, seen);
    else parts.sheet.replaceChildren(tableOf(table(seen), seen));
    const said = model.get("error") || words(seen);
    parts.words.setAttribute("aria-live", time.moving() ? "off" : "polite");
    if (parts.words.textContent !== said) parts.words.textContent = said;
  }

  const stops = [
    watch(parts.root, model, redraw),
    time.listen(redraw),
    clock.stop,
    counter.listen(redraw),
  ];
  draw();
  return () => {
    cancelAnimationFrame(waiting);
    stops.forEach((stop) => stop());
  };
}

const lines = new WeakMap(); // of each model, frames that came one by one included

/** The time line of a model, the same for all its views: one that comes later has it whole. */
export function lineOf(model) {
  if (!lines.has(model)) lines.set(model, [...(model.get("frames") ?? [])]);
  return lines.get(model);
}

/** The frames and which of them is shown. Live data moves on by itself until someone scrubs. */
function timeline(model) {
  const time = {
    frames: lineOf(model),
    index: 0,
    following: true,
    playing: false,
    moving: () => time.playing || (time.following && model.get("level") === "live"),
    listen(changed) {
      const whole = () => {
        time.frames.splice(0, Infinity, ...(model.get("frames") ?? []));
        follow();
      };
      const one = (message) => {
        if (!message?.frame) return;
        const last = time.frames.at(-1);
        if (!last || message.frame.at > last.at) time.frames.push(message.frame);
        follow();
      };
      const follow = () => {
        if (time.following || time.index >= time.frames.length) time.last();
        changed();
      };
      const names = ["change:state", "change:level", "change:error", "change:texts"];
      model.on("change:frames", whole);
      model.on("msg:custom", one);
      for (const name of names) model.on(name, changed);
      return () => {
        model.off("change:frames", whole);
        model.off("msg:custom", one);
        for (const name of names) model.off(name, changed);
      };
    },
    last() {
      time.index = Math.max(time.frames.length - 1, 0);
    },
    goTo(index) {
      time.index = Math.min(Math.max(index, 0), Math.max(time.frames.length - 1, 0));
      time.following = time.index === time.frames.length - 1;
    },
  };
  time.last();
  return time;
}

/** The frame around the picture: title, level, the two tabs, the words. */
function frame(model, now, { onTab }) {
  const { t } = now();
  const title = h("strong", { class: "lab-w-title" }, model.get("title") ?? "");
  const level = h("span", { class: "lab-w-level" });
  const stage = h("div", { class: "lab-w-stage" });
  const sheet = h("div", { class: "lab-w-sheet", hidden: true, tabindex: 0, role: "region" });
  sheet.setAttribute("aria-label", t("table"));
  const words = h("p", { class: "lab-w-words", role: "status" });
  let tab = "picture";
  const choose = (name) => {
    tab = name;
    for (const [key, button] of Object.entries(buttons))
      button.setAttribute("aria-pressed", String(key === name));
    stage.hidden = name !== "picture";
    sheet.hidden = name !== "table";
    onTab();
  };
  const button = (name) =>
    h(
      "button",
      { type: "button", click: () => choose(name), "aria-pressed": String(name === tab) },
      t(name),
    );
  const buttons = { picture: button("picture"), table: button("table") };
  const tabs = h("span", { class: "lab-w-tabs" }, buttons.picture, buttons.table);
  const head = h("div", { class: "lab-w-head" }, title, level, tabs);
  const root = h("div", { class: "lab-w", role: "group", "aria-label": model.get("title") }, head);
  root.addEventListener("keydown", (event) => {
    // else a letter typed here would edit JupyterLab's cells
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
  for (const [name, colour] of Object.entries(model.get("colours") ?? {}))
    root.style.setProperty(`--lab-${name}`, colour);
  root.append(stage, sheet);
  const say = () => {
    const which = model.get("level");
    level.className = `lab-w-level lab-w-${which}`;
    level.textContent = t(which, { date: model.get("recorded") });
    title.textContent = model.get("title") ?? "";
  };
  return { root, stage, sheet, words, say, tab: () => tab };
}

/** Play, a slider over the frames, the time. Hidden while there is but one frame. */
function scrubber(time, now, changed) {
  const { t } = now();
  let timer = 0;
  const play = h("button", { type: "button", class: "lab-w-play", click: toggle }, t("play"));
  const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": t("time line") });
  slider.addEventListener("input", () => goTo(Number(slider.value)));
  const label = h("span", { class: "lab-w-at" });
  const element = h("div", { class: "lab-w-time", hidden: true }, play, slider, label);
  function toggle() {
    if (time.playing) stop();
    else start();
    changed();
  }
  function start() {
    if (time.index >= time.frames.length - 1) time.goTo(0);
    time.playing = true;
    timer = setInterval(() => {
      if (time.index >= time.frames.length - 1) stop();
      else time.goTo(time.index + 1);
      changed();
    }, STEP);
  }
  function stop() {
    time.playing = false;
    clearInterval(timer);
  }
  function goTo(index) {
    stop();
    time.goTo(index);
    changed();
  }
  function show(seen) {
    element.hidden = time.frames.length < 2;
    if (element.hidden) return;
    slider.max = String(time.frames.length - 1);
    slider.value = String(time.index);
    const at = t("seconds", { seconds: Math.round(seen.frame.at - time.frames[0].at) });
    slider.setAttribute("aria-valuetext", at);
    label.textContent = at;
    play.textContent = time.playing ? t("pause") : t("play");
  }
  return { element, show, stop, goTo };
}

/** Whether a kernel stands behind the model and answers. A recording never does. */
export function listens(model) {
  return model.get("level") === "live" && Boolean(model.get("answers"));
}

/** Questions to the kernel, and a line with the last answer. */
function answering(model, now) {
  const element = h("p", { class: "lab-w-said", role: "status", hidden: true });
  const say = (text, how) => {
    element.hidden = !text;
    element.className = `lab-w-said lab-w-${how}`;
    if (element.textContent !== text) element.textContent = text;
  };
  return {
    element,
    ask(question) {
      if (!listens(model)) return;
      say(now().t("asked"), "asked");
      model.send({ ask: question });
    },
    listen(changed) {
      const told = (message) => {
        if (message?.answer) say(message.answer.said, message.answer.done ? "done" : "refused");
      };
      model.on("msg:custom", told);
      model.on("change:answers", changed);
      return () => {
        model.off("msg:custom", told);
        model.off("change:answers", changed);
      };
    },
  };
}

const inSight = new WeakMap(); // of each model, the views that can be seen

/** Note whether a view can be seen; returns whether any view of its model can. */
export function sighted(model, view, visible) {
  if (!inSight.has(model)) inSight.set(model, new Set());
  const views = inSight.get(model);
  if (visible) views.add(view);
  else views.delete(view);
  return views.size > 0;
}

/** Tell the kernel whether anyone can see the widget: it stops sampling when nobody does. */
function watch(element, model, seen) {
  const tell = (visible) => {
    const any = sighted(model, element, visible);
    if (model.get("watched") === any) return;
    model.set("watched", any);
    model.save_changes();
  };
  const observer = new IntersectionObserver((entries) => {
    const visible = entries.at(-1).isIntersecting;
    tell(visible);
    if (visible) seen();
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    tell(false);
  };
}

function tableOf({ head, rows }, { t }) {
  const shown = rows.slice(0, MOST_ROWS);
  const line = (cells, tag) => h("tr", {}, ...cells.map((text) => h(tag, {}, String(text))));
  const sheet = h(
    "table",
    {},
    h("thead", {}, line(head, "th")),
    h("tbody", {}, ...shown.map((cells) => line(cells, "td"))),
  );
  if (rows.length === shown.length) return sheet;
  const more = t("more", { count: rows.length - shown.length });
  return h("div", {}, sheet, h("p", {}, more));
}

// Colours: the page's own text and background; meanings come as --lab-... from the model.
const STYLE = `
.lab-w { font: 14px/1.45 system-ui, sans-serif; color: inherit; margin: .6em 0; max-width: 100%;
  border: 1px solid rgb(127 127 127 / .4); border-radius: 6px; padding: .6em .8em; min-width: 0; }
.lab-w [hidden] { display: none !important; }
.lab-w-head { display: flex; flex-wrap: wrap; gap: .3em .8em; align-items: baseline; }
.lab-w-tabs { margin-inline-start: auto; display: inline-flex; gap: .3em; }
.lab-w button { font: inherit; color: inherit; background: transparent; cursor: pointer;
  border: 1px solid rgb(127 127 127 / .6); border-radius: 4px; padding: .1em .6em; }
.lab-w button[aria-pressed="true"] { background: rgb(127 127 127 / .25); }
.lab-w :focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.lab-w-level { font-size: .85em; border-inline-start: 4px solid var(--lab-muted); padding-inline-start: .5em; }
.lab-w-live { border-color: var(--lab-running); }
.lab-w-recorded { border-color: var(--lab-changed); }
.lab-w-simulated { border-color: var(--lab-image); }
.lab-w-stage, .lab-w-sheet { margin: .6em 0; overflow: auto; max-height: 32em; }
.lab-w-time { display: flex; gap: .6em; align-items: center; }
.lab-w-time input { flex: 1; min-width: 4em; }
.lab-w-at { min-width: 4em; font-variant-numeric: tabular-nums; }
.lab-w-words { margin: .3em 0 0; }
.lab-w-said { margin: .3em 0 0; border-inline-start: 4px solid var(--lab-muted); padding-inline-start: .5em; }
.lab-w-done { border-color: var(--lab-running); }
.lab-w-refused { border-color: var(--lab-limit); }
.lab-w table { border-collapse: collapse; font-size: .95em; }
.lab-w th, .lab-w td { text-align: start; padding: .15em .7em .15em 0; border-bottom: 1px solid rgb(127 127 127 / .3); }
.lab-w svg text { fill: currentColor; font: 12px system-ui, sans-serif; }
@media print { .lab-w-tabs, .lab-w-time { display: none; } }
`;
