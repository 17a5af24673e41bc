// What the control group explorer says: sentences and the plain table, computed from a frame alone.
// helpers/views/cgroup_explorer.py says the same of the last frame.

export const COLUMNS = [
  ...["name", "cores", "allowed", "throttled", "memory", "max", "anon", "inactive"],
  ...["pids", "most", "some cpu", "some memory", "some io", "read", "written"],
  ...["killed", "refused"],
];
const LIMITS = ["allowed", "max", "most"];
const EVENTS = ["throttled", "killed", "refused", "slowed"];

/** A figure as a table has it. */
export function cell(value, t) {
  return value === null || value === undefined || value === "?" ? t("unknown") : String(value);
}

/** A limit: a number, none, or not known. */
export function limitOf(value, t) {
  return value === null ? t("no limit") : cell(value, t);
}

/** The group a reader looks at: the chosen one, or the first while there is none. */
export function chosen(frame, mine) {
  const groups = frame?.groups ?? [];
  return groups.find(({ id }) => id === mine.chosen) ?? groups[0] ?? null;
}

/** What has happened to a group so far, as pairs of a name and a count. */
export function events(group) {
  return EVENTS.filter((name) => group[name]).map((name) => [name, group[name]]);
}

/** One group in sentences. */
export function says(group, t) {
  const against = (what, used, limit) =>
    t(`says ${what}${group[limit] === null ? " free" : ""}`, {
      name: group.name,
      used: cell(group[used], t),
      limit: cell(group[limit], t),
    });
  const parts = [
    against("cpu", "cores", "allowed"),
    against("memory", "memory", "max"),
    against("pids", "pids", "most"),
    ...events(group).map(([name, count]) => t(`says ${name}`, { count: cell(count, t) })),
  ];
  const [cpu, memory, io] = group.some.map((share) => cell(share, t));
  return `${t("says group", { parts: parts.join(", ") })} ${t("says some", { cpu, memory, io })}`;
}

/** All that the shown moment has. */
export function wordsOf({ frame, t }) {
  if (!frame?.groups.length) return t("says nothing");
  const at = t("says at", { at: Math.round(frame.at) });
  return [at, ...frame.groups.map((group) => says(group, t))].join(" ");
}

function cellsOf(group, t) {
  const [cpu, memory, io] = group.some;
  const [read, written] = group.io;
  const flat = {
    ...group,
    "some cpu": cpu,
    "some memory": memory,
    "some io": io,
    read,
    written,
  };
  return COLUMNS.map((name) =>
    LIMITS.includes(name) ? limitOf(flat[name], t) : cell(flat[name], t),
  );
}

/** A row for each group at each moment. */
export function tableOfFrames({ frames, t }) {
  return {
    head: ["at", ...COLUMNS].map((name) => t(`head ${name}`)),
    rows: frames.flatMap((frame) =>
      frame.groups.map((group) => [String(Math.round(frame.at)), ...cellsOf(group, t)]),
    ),
  };
}

/** The tree: each part of the groups' paths once, in order, with its depth. */
export function treeOf(groups) {
  const rows = [];
  const seen = new Set();
  for (const group of groups.toSorted((a, b) =>
    parent(a) + a.name < parent(b) + b.name ? -1 : 1,
  )) {
    const parts = group.path.split("/").filter(Boolean);
    parts.slice(0, -1).forEach((part, depth) => {
      const path = parts.slice(0, depth + 1).join("/");
      if (seen.has(path)) return;
      seen.add(path);
      rows.push({ depth, name: part, group: null });
    });
    rows.push({ depth: parts.length - 1, name: group.name, group });
  }
  return rows;
}

const parent = (group) => group.path.slice(0, group.path.lastIndexOf("/") + 1);

/** The share of a limit that is used, 0 to 1; null where there is no limit, or none is known. */
export function share(used, limit) {
  const known = typeof used === "number" && typeof limit === "number" && limit > 0;
  return known ? Math.min(used / limit, 1) : null;
}
