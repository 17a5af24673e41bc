// The DockerCoins monitor: three plots over one time axis, and above them who was there.
// Colours have the book's meanings (measured, model, limit); dashes and labels say the same.
import { frameAt, h, house, s } from "./house.mjs";
import { roundUp, runs, ticks } from "./plots.mjs";

const LEFT = 44; // px: numbers of the y axes
const RIGHT = 126; // px: labels of the lines
const ROW = 18; // px: one row of the crew
const HEIGHTS = { rate: 108, wait: 88, cpu: 72 };
const HEAD = 28; // px: the name of a plot, above it
const FOOT = 24; // px: the time axis
const LINE = 14; // px between two labels
const WIDEST = 900;

// -- computations

/** Times from, to and number, for as long as each number of containers ran. */
export function spells(frames, count, end) {
  const found = [];
  for (const frame of frames) {
    const last = found.at(-1);
    if (last && last.number === count(frame)) continue;
    if (last) last.to = frame.at;
    found.push({ from: frame.at, to: end, number: count(frame) });
  }
  return found;
}

/** Where labels go so that none covers another: near where they want to, within 0..height. */
export function apart(wanted, height) {
  const order = wanted.map((y, index) => ({ y, index })).toSorted((a, b) => a.y - b.y);
  let free = 0;
  for (const label of order) {
    label.y = Math.max(label.y, free);
    free = label.y + LINE;
  }
  let last = height;
  for (const label of order.toReversed()) {
    label.y = Math.min(label.y, last);
    last = label.y - LINE;
  }
  return order.toSorted((a, b) => a.index - b.index).map((label) => label.y);
}

const highest = (frames, ...names) =>
  Math.max(...frames.flatMap((frame) => names.map((name) => frame[name] ?? 0)), 0);

/** What is drawn: plots with their lines, each with a meaning, a dash and the name of its label. */
export function plotsOf({ state, frames }) {
  return allPlots({ state, frames }).filter(({ name }) => state.plots.includes(name));
}

function allPlots({ state, frames }) {
  const of = (name) => (frame) => frame[name] ?? null;
  const line = (kind, name, label = name) => ({ kind, label, value: of(name) });
  const model = (...lines) => (state.model ? lines.map((each) => ({ ...each, step: true })) : []);
  const top = (...names) => highest(frames, ...names);
  return [
    {
      name: "rate",
      top: roundUp(1.1 * (state.model ? top("rate", "allows", "cap") : top("rate")) || 1),
      lines: [
        ...model(line("model", "allows", "model"), line("limit", "cap")),
        line("measured", "rate", "measured"),
      ],
    },
    {
      name: "wait",
      top: roundUp(
        1.05 * (state.model ? top("rng", "hasher", "expects") : top("rng", "hasher")) || 1,
      ),
      lines: [
        ...model(line("model", "expects", "model")),
        { ...line("measured", "hasher"), dashed: true },
        line("measured", "rng"),
      ],
    },
    {
      name: "cpu",
      top: Math.max(100, roundUp(Math.max(...frames.flatMap(({ cpu }) => cpu), 0))),
      lines: [
        { kind: "limit", label: "one core", value: () => 100 },
        ...state.services.map((service, index) => ({
          kind: "measured",
          label: "percent",
          service,
          thin: true,
          value: (frame) => frame.cpu[index],
        })),
      ],
    },
  ];
}

// -- the picture

function picture(stage, now) {
  const { mine } = now;
  if (!mine.observer) {
    mine.observer = new ResizeObserver(() => {
      if (stage.clientWidth !== mine.width) now.redraw();
    });
    mine.observer.observe(stage);
  }
  mine.width = stage.clientWidth;
  if (!now.frames.length) {
    stage.replaceChildren(h("p", { class: "lab-c-none" }, now.t("says nothing")));
    return;
  }
  stage.replaceChildren(h("style", {}, COINS_STYLE), drawn(now, Math.min(mine.width, WIDEST)));
}

function drawn(now, width) {
  const { frames, frame, t } = now;
  const start = frames[0].at;
  const end = Math.max(frames.at(-1).at, start + 1);
  const inner = Math.max(width - LEFT - RIGHT, 40);
  const x = (at) => LEFT + ((at - start) / (end - start)) * inner;
  const parts = [];
  let y = HEAD - 8;
  parts.push(...crewOf(now, { x, end, y }));
  y += 2 * ROW;
  const top = y;
  for (const plot of plotsOf(now)) {
    y += HEAD;
    parts.push(plotOf(plot, now, { x, y, left: LEFT, right: LEFT + inner }));
    y += HEIGHTS[plot.name];
  }
  parts.push(axisOf(now, { x, y, span: end - start, start, inner }));
  parts.push(
    s("line", { class: "lab-c-cursor", x1: x(frame.at), x2: x(frame.at), y1: top, y2: y }),
  );
  const svg = s(
    "svg",
    { class: "lab-c", width, height: y + FOOT, role: "img", "aria-label": t("picture name") },
    ...parts,
  );
  const point = (event) => {
    if (event.type === "pointermove" && event.buttons !== 1) return;
    const share = (event.clientX - svg.getBoundingClientRect().left - LEFT) / inner;
    now.goTo(frameAt(frames, start + share * (end - start)));
  };
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointermove", point);
  return svg;
}

/** Two rows of numbers: how many workers and copies of rng ran, and when that changed. */
function crewOf({ frames, t }, { x, end, y }) {
  const row = (name, count, top) => [
    s("text", { x: x(end) + 8, y: top + 13 }, name),
    ...spells(frames, count, end).flatMap(({ from, to, number }) => {
      const wide = x(to) - x(from);
      const box = { x: x(from), y: top + 1, width: Math.max(wide - 1, 1), height: ROW - 3 };
      const place = { x: x(from) + wide / 2, y: top + 13, "text-anchor": "middle" };
      const fits = wide >= 8 * String(number).length + 4;
      return [
        s("rect", { class: "lab-c-spell", ...box }),
        fits ? s("text", place, String(number)) : null,
      ];
    }),
  ];
  return [
    s("text", { class: "lab-c-name", x: 0, y: y - 10 }, t("crew")),
    ...row("worker", (frame) => frame.workers, y),
    ...row("rng", (frame) => frame.rngs, y + ROW),
  ].filter(Boolean);
}

function plotOf(plot, { frames, frame, t }, { x, y, left, right }) {
  const height = HEIGHTS[plot.name];
  const up = (value) => y + height * (1 - value / plot.top);
  const grid = [0, plot.top / 2, plot.top].flatMap((value) => [
    s("line", { class: "lab-c-grid", x1: left, x2: right, y1: up(value), y2: up(value) }),
    s("text", { x: left - 6, y: up(value) + 4, "text-anchor": "end" }, String(value)),
  ]);
  const lines = plot.lines.flatMap((line) => [
    ...runs(frames, line.value).map((points) => pathOf(line, points, x, up)),
    line.kind === "measured" && line.value(frame) !== null
      ? s("circle", { class: "lab-c-dot", cx: x(frame.at), cy: up(line.value(frame)), r: 3 })
      : null,
  ]);
  const labels = labelsOf(plot, { frame, t }, { height, up, y, right });
  const name = s("text", { class: "lab-c-name", x: 0, y: y - 10 }, t(`${plot.name} plot`));
  return s("g", {}, name, ...grid, ...lines, ...labels);
}

function styleOf({ kind, dashed, thin }) {
  return `lab-c-line lab-c-${kind}${dashed ? " lab-c-dashed" : ""}${thin ? " lab-c-thin" : ""}`;
}

function pathOf(line, points, x, up) {
  const place = ([at, value]) => `${x(at).toFixed(1)},${up(value).toFixed(1)}`;
  const corner = (point, index) => {
    const before = points[index - 1];
    return line.step && before ? `L${place([point[0], before[1]])}L${place(point)}` : place(point);
  };
  const [first, ...rest] = points.map(corner);
  const d = `M${first}${rest.map((each) => (each.startsWith("L") ? each : `L${each}`)).join("")}`;
  // one moment alone is a point, which a round cap makes visible
  return s("path", { class: styleOf(line), d: points.length > 1 ? d : `${d}h0.1` });
}

/** Beside the plot: each line's name and its value at the cursor, with a piece of the line. */
function labelsOf(plot, { frame, t }, { height, up, y, right }) {
  const wanted = plot.lines.map((line) => up(line.value(frame) ?? 0) - y);
  const places = apart(wanted, height);
  return plot.lines.flatMap((line, index) => {
    const at = y + places[index];
    const value = line.value(frame) ?? t("number unknown");
    const text = t(line.label, { value, service: line.service });
    const key = { class: styleOf(line), x1: right + 6, x2: right + 22, y1: at, y2: at };
    return [s("line", key), s("text", { x: right + 27, y: at + 4 }, text)];
  });
}

function axisOf({ t }, { x, y, span, start, inner }) {
  const marks = ticks(span, Math.max(Math.floor(inner / 55), 2)).flatMap((seconds) => [
    s("line", {
      class: "lab-c-grid",
      x1: x(start + seconds),
      x2: x(start + seconds),
      y1: y,
      y2: y + 5,
    }),
    s(
      "text",
      { x: x(start + seconds), y: y + 18, "text-anchor": "middle" },
      t("seconds", { seconds }),
    ),
  ]);
  return s("g", {}, ...marks);
}

// -- in words

/** The same as helpers.views.coins_monitor.words says of the last frame. */
export function wordsOf({ frame, frames, state, t }) {
  if (!frame) return t("says nothing");
  const said = [
    t(frame.rate === null ? "says no rate" : "says rate", {
      at: Math.round(frame.at - frames[0].at),
      workers: t(frame.workers === 1 ? "one worker" : "workers", { count: frame.workers }),
      rngs: t("rngs", { count: frame.rngs }),
      rate: frame.rate,
    }),
  ];
  if (state.model) said.push(t("says model", { allows: frame.allows }));
  if (state.plots.includes("wait")) said.push(waitsOf(frame, t));
  if (state.plots.includes("cpu")) said.push(cpuOf(frame, t));
  return said.join(" ");
}

function waitsOf({ rng, hasher }, t) {
  return rng === null || hasher === null ? t("says no waits") : t("says waits", { rng, hasher });
}

function cpuOf({ cpu }, t) {
  const known = cpu.filter((part) => part !== null);
  if (!known.length) return t("says no cpu");
  const key = known.length === cpu.length ? "says cpu" : "says some cpu";
  return t(key, { cpu: Math.max(...known) });
}

/** One row for each frame. */
export function tableOfFrames({ frames, state, t }) {
  const cell = (value) => (value === null ? t("unknown") : String(value));
  const waits = state.plots.includes("wait") ? ["rng", "hasher"] : [];
  const names = ["workers", "rngs", "rate", ...(state.model ? ["allows"] : []), ...waits];
  const services = state.plots.includes("cpu") ? state.services : [];
  return {
    head: [
      ...["at", ...names].map((name) => t(`head ${name}`)),
      ...services.map((service) => t("head cpu", { service })),
    ],
    rows: frames.map((frame) => [
      String(Math.round(frame.at - frames[0].at)),
      ...names.map((name) => cell(frame[name])),
      ...services.map((_service, index) => cell(frame.cpu[index])),
    ]),
  };
}

const COINS_STYLE = `
.lab-c { display: block; max-width: 100%; touch-action: pan-y; }
.lab-w svg.lab-c .lab-c-name { font-weight: 600; }
.lab-c-grid { stroke: rgb(127 127 127 / .35); }
.lab-c-spell { fill: rgb(127 127 127 / .18); }
.lab-c-line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
.lab-c-measured { stroke: var(--lab-measured); }
.lab-c-model { stroke: var(--lab-model); stroke-width: 4; stroke-opacity: .85; }
.lab-c-limit { stroke: var(--lab-limit); stroke-width: 1.5; stroke-dasharray: 7 4; stroke-linecap: butt; }
.lab-c-dashed { stroke-dasharray: 3 4; }
.lab-c-thin { stroke-width: 1.25; }
.lab-c-dot { fill: var(--lab-measured); }
.lab-c-cursor { stroke: currentColor; stroke-opacity: .7; pointer-events: none; }
`;

export default {
  render: (given) => house(given, { picture, table: tableOfFrames, words: wordsOf }),
};
