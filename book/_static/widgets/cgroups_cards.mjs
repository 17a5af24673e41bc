// The cards of the control group explorer: one for each resource, with its numbers, its lines over
// time against the limit, and the kernel's files that the numbers come from.
import { frameAt, h, s } from "./house.mjs";
import { roundUp, runs, ticks } from "./plots.mjs";
import { cell, limitOf } from "./cgroups_words.mjs";

const LEFT = 40; // px: numbers of the y axis
const TALL = 84; // px: a plot
const FOOT = 20; // px: the time axis
const TOP = 8;

const number = (value) => (typeof value === "number" ? value : null);

/** What each card shows: its lines, drawn in this order, and its numbers. least, most: of the axis. */
export const CARDS = [
  {
    part: "cpu",
    least: 0.1,
    lines: [
      { kind: "limit", label: "allowed", value: (group) => number(group.allowed), step: true },
      { kind: "measured", label: "used", value: (group) => group.cores },
    ],
    extra: [["throttled", (group) => group.throttled]],
  },
  {
    part: "memory",
    least: 1,
    lines: [
      { kind: "limit", label: "limit", value: (group) => number(group.max), step: true },
      { kind: "high", label: "high", value: (group) => number(group.high), step: true },
      { kind: "measured", label: "memory", value: (group) => group.memory },
      { kind: "dashed", label: "anon", value: (group) => group.anon },
    ],
    extra: [],
  },
  {
    part: "pids",
    least: 4,
    lines: [
      { kind: "limit", label: "limit", value: (group) => number(group.most), step: true },
      { kind: "measured", label: "used", value: (group) => group.pids },
    ],
    extra: [],
  },
  {
    part: "pressure",
    least: 100,
    most: 100,
    lines: [
      { kind: "measured", label: "some cpu", value: (group) => group.some[0] },
      { kind: "dashed", label: "some memory", value: (group) => group.some[1] },
      { kind: "dotted", label: "some io", value: (group) => group.some[2] },
    ],
    extra: [],
  },
  {
    part: "io",
    least: 1,
    lines: [
      { kind: "measured", label: "read", value: (group) => group.io[0] },
      { kind: "dashed", label: "written", value: (group) => group.io[1] },
    ],
    extra: [],
  },
];

/** The frames of one group alone: { at, group }, for as long as it is there. */
export function lifeOf(frames, id) {
  return frames.flatMap(({ at, groups }) => {
    const group = groups.find((each) => each.id === id);
    return group ? [{ at, group }] : [];
  });
}

/**
 * The highest number of a card's axis. A limit far above what is used is left out of sight: else
 * the line would lie on the floor.
 */
export function topOf(card, life) {
  const values = (kinds) =>
    card.lines
      .filter(({ kind }) => kinds.includes(kind))
      .flatMap(({ value }) => life.map(({ group }) => value(group) ?? 0));
  const used = Math.max(card.least, ...values(["measured", "dashed", "dotted"]));
  const near = values(["limit", "high"]).filter((limit) => limit <= 4 * used);
  return Math.min(roundUp(Math.max(used, ...near) * 1.05), card.most ?? Infinity);
}

/** Lines with their values now: those that have any, with what is said of them. */
export function labelsOf(card, group, t) {
  const lines = card.lines
    .filter(({ label, value }) => label !== "high" || value(group) !== null)
    .map(({ kind, label, value }) => {
      const limit = label === "limit" || label === "allowed";
      const raw = limit
        ? { cpu: group.allowed, memory: group.max, pids: group.most }[card.part]
        : 0;
      return { kind, text: t(label, { value: limit ? limitOf(raw, t) : cell(value(group), t) }) };
    });
  const more = card.extra
    .filter(([, value]) => value(group))
    .map(([label, value]) => ({ kind: "note", text: t(label, { value: value(group) }) }));
  return [...lines, ...more];
}

/** The files behind a card's numbers: [path, text]. "*" in a path is the group's own. */
export function filesOf(card, group) {
  return group.files
    .filter(([part]) => part === card.part)
    .map(([, path, text]) => [path.replace("*", group.path), text]);
}

/** Make a card; returns its element and what draws it anew. Nothing in it is ever replaced whole. */
export function cardOf(card, t) {
  const name = h("strong", {}, t(`${card.part} card`));
  const labels = h("p", { class: "lab-g-labels" });
  const plot = h("div", { class: "lab-g-plot" });
  const files = h("dl", { class: "lab-g-files" });
  const sheet = h("details", {}, h("summary", {}, t("files")), files);
  const element = h("section", { class: "lab-g-card" }, name, labels, plot, sheet);
  const draw = (now, group, width) => {
    labels.replaceChildren(...labelsOf(card, group, now.t).map(keyOf));
    plot.replaceChildren(plotOf(card, now, group, width));
    const found = filesOf(card, group);
    sheet.hidden = !found.length;
    // also while it is shut: opened, it must not show another group's or another moment's
    files.replaceChildren(
      ...found.flatMap(([path, text]) => [h("dt", {}, path), h("dd", {}, h("pre", {}, text))]),
    );
  };
  return { element, draw };
}

function keyOf({ kind, text }) {
  const line = s("line", { class: `lab-g-line lab-g-${kind}`, x1: 0, x2: 18, y1: 6, y2: 6 });
  const key = s("svg", { width: 18, height: 12, "aria-hidden": "true" }, line);
  return h("span", {}, kind === "note" ? null : key, text);
}

function plotOf(card, now, group, width) {
  const { frames, frame, t } = now;
  const life = lifeOf(frames, group.id);
  const start = frames[0].at;
  const end = Math.max(frames.at(-1).at, start + 1);
  const inner = Math.max(width - LEFT - 8, 40);
  const top = topOf(card, life);
  const x = (at) => LEFT + ((at - start) / (end - start)) * inner;
  const y = (value) => TOP + TALL * (1 - Math.min(value / top, 1.02));
  const grid = [0, top / 2, top].flatMap((value) => [
    s("line", { class: "lab-g-grid", x1: LEFT, x2: LEFT + inner, y1: y(value), y2: y(value) }),
    s("text", { x: LEFT - 5, y: y(value) + 4, "text-anchor": "end" }, String(value)),
  ]);
  const lines = card.lines.flatMap((line) =>
    runs(
      life.filter(({ group: each }) => !line.step || (line.value(each) ?? 0) <= top),
      (each) => line.value(each.group),
    ).map((points) =>
      s("path", { class: `lab-g-line lab-g-${line.kind}`, d: pathOf(points, x, y, line.step) }),
    ),
  );
  const marks = ticks(end - start, Math.max(Math.floor(inner / 60), 2)).map((seconds) =>
    s(
      "text",
      { x: x(start + seconds), y: TOP + TALL + 15, "text-anchor": seconds ? "middle" : "start" },
      t("seconds", { seconds }),
    ),
  );
  const cursor = s("line", {
    class: "lab-g-cursor",
    x1: x(frame.at),
    x2: x(frame.at),
    y1: TOP,
    y2: TOP + TALL,
  });
  const said = `${t(`${card.part} card`)}: ${labelsOf(card, group, t)
    .map(({ text }) => text)
    .join(", ")}`;
  const size = { width, height: TOP + TALL + FOOT, role: "img", "aria-label": said };
  const svg = s("svg", size, ...grid, ...lines, ...marks, cursor);
  const point = (event) => {
    if (event.type === "pointermove" && event.buttons !== 1) return;
    const part = (event.clientX - svg.getBoundingClientRect().left - LEFT) / inner;
    now.goTo(frameAt(frames, start + part * (end - start)));
  };
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointermove", point);
  return svg;
}

/** A line through points; a step keeps its height until the next point. */
export function pathOf(points, x, y, step = false) {
  const place = ([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`;
  const rest = points.slice(1).map((point, index) => {
    const corner = step ? `L${place([point[0], points[index][1]])}` : "";
    return `${corner}L${place(point)}`;
  });
  // one moment alone is a point, which a round cap makes visible
  return `M${place(points[0])}${rest.join("") || "h0.1"}`;
}
