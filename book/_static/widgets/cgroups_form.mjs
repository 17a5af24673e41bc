// Where a reader sets a limit of the chosen group: shown while a kernel answers, else a word why not.
import { h } from "./house.mjs";

/** What stands in the field when a kind of limit is chosen: the limit as it is. */
export function asItIs(group, kind) {
  const value = { cpus: group?.allowed, memory: group?.max, pids: group?.most }[kind];
  if (typeof value === "number") return value;
  return kind === "weight" ? 1024 : "";
}

/** What is asked of the kernel; null where the field holds no number. */
export function questionOf(group, kind, text) {
  const value = Number(text);
  if (!group || text.trim() === "" || !Number.isFinite(value)) return null;
  return { group: group.id, what: kind, value };
}

/** Make the form; returns its element and what brings it up to date. */
export function formOf(now) {
  const { state, t } = now();
  let group = null;
  const name = h("span", {});
  const kind = h(
    "select",
    {},
    ...state.kinds.map((each) => h("option", { value: each }, t(`kind ${each}`))),
  );
  const value = h("input", { type: "number", min: 0, step: "any", "aria-label": t("to") });
  const button = h("button", { type: "submit" }, t("set"));
  const send = (event) => {
    event.preventDefault();
    const question = questionOf(group, kind.value, value.value);
    if (question) now().ask(question);
  };
  const form = h("form", { class: "lab-g-form", submit: send }, name, kind, t("to"), value, button);
  const why = h("p", { class: "lab-g-why" });
  const fill = () => (value.value = String(asItIs(group, kind.value)));
  kind.addEventListener("change", fill);
  const show = (chosen, live) => {
    const other = chosen?.id !== group?.id;
    group = chosen;
    const { answers } = now();
    form.hidden = !answers || !group;
    why.hidden = answers;
    why.textContent = t(live ? "ended" : "no setting");
    name.textContent = t("which", { name: group?.name ?? "" });
    kind.setAttribute("aria-label", name.textContent);
    if (other) fill();
  };
  return { element: h("div", {}, form, why), show };
}
