// "Run in this page": cells tagged run-here run in a Python that comes with this site. Nothing
// is loaded before the reader asks for it. See tools/sphinx/run_here.py.

import { Editor } from "./editor.mjs";
import { Outputs, element } from "./output.mjs";
import { Python, Stopped } from "./python.mjs";

const SOON = 200; // ms after which a run is long enough to offer Stop
const MB = 1e6;

const { texts, titleSpace, ...settings } = JSON.parse(
  document.getElementById("run-here-settings").textContent,
);
const python = new Python(settings);
const fill = (sentence, values) =>
  sentence.replace(/\{(\w+)\}/g, (field, name) => values[name] ?? field);
const packed = Object.values(settings.sizes).reduce((sum, size) => sum + size.packed, 0);
const size = (bytes) => (bytes / MB).toFixed(1);

/** One cell of the page with its buttons, sliders and results. */
class Cell {
  constructor(root) {
    this.root = root;
    this.ran = undefined; // the code this page's Python has run for it
    this.stored = root.querySelector(".cell_output");
    this.editor = new Editor(root, texts, (how) => this.changed(how));
    this.editor.onRun(() => run(this));
    this.button = element("button", { type: "button", click: () => this.pressed() }, texts.run);
    this.edit = element("button", { type: "button", click: () => this.open() }, texts.edit);
    this.reset = element(
      "button",
      { type: "button", hidden: true, click: () => this.putBack() },
      texts.reset,
    );
    this.status = element("span", { class: "run-here-status", role: "status" });
    this.bar = element("progress", { "aria-label": texts.progress, hidden: true });
    this.bytes = element("span", { class: "run-here-bytes", hidden: true });
    this.hint = element("span", { class: "run-here-hint" }, fill(texts.hint, { mb: size(packed) }));
    this.result = element("div", { class: "run-here-result", hidden: true });
    const outputs = element("div", { class: "run-here-outputs", "aria-live": "polite" });
    this.outputs = new Outputs(outputs, texts, titleSpace);
    const label = element("p", {}, element("strong", {}, texts.simulated), ` ${texts.just_now}`);
    this.result.append(
      element("div", { class: "lab-ribbon lab-ribbon-simulated" }, label),
      outputs,
    );
    this.build();
  }

  build() {
    const buttons = element("div", { class: "run-here-buttons" }, this.button, this.edit);
    buttons.append(this.reset, this.hint, this.bar, this.bytes, this.status);
    const panel = element("div", { class: "run-here", role: "group", "aria-label": texts.group });
    panel.append(...this.editor.sliders, buttons);
    this.root.querySelector(".cell_input").after(panel);
    this.root.append(this.result);
  }

  pressed() {
    if (this.button.textContent === texts.stop) stop();
    else run(this);
  }

  open() {
    this.edit.hidden = true;
    this.editor.open();
    this.offerReset();
  }

  changed(how) {
    this.offerReset();
    if (how !== "slider") return;
    if (python.begun) run(this);
    else this.status.textContent = texts.press;
  }

  putBack() {
    this.editor.reset();
    this.outputs.clear();
    this.show(false);
    this.edit.hidden = false;
    this.status.textContent = "";
    this.offerReset();
    this.button.focus();
  }

  offerReset() {
    this.reset.hidden = this.editor.isOriginal && !this.editor.isOpen && this.result.hidden;
  }

  /** Show this page's own result, or the stored one. */
  show(own) {
    this.result.hidden = !own;
    if (this.stored) this.stored.hidden = own;
  }

  offerStop(yes) {
    this.button.textContent = yes ? texts.stop : texts.run;
  }

  /** Show how much of Python has come; null when all is there. */
  loading(progress) {
    this.bar.hidden = this.bytes.hidden = !progress;
    if (!progress) return;
    this.hint.hidden = true;
    if (progress.loaded === progress.total) this.status.textContent = texts.starting;
    this.bar.max = progress.total;
    this.bar.value = progress.loaded;
    const numbers = { loaded: size(progress.loaded), total: size(progress.total) };
    this.bytes.textContent = fill(texts.bytes, numbers);
  }

  hear(said) {
    if (said.kind === "cut") this.outputs.cut();
    else this.outputs.add(said.output);
  }

  /** Run the code as it stands; resolves to whether it ended well. */
  async go() {
    const { code } = this.editor;
    this.outputs.begin();
    this.show(true);
    try {
      const { ok } = await python.run(code, (said) => this.hear(said));
      this.ran = ok ? code : undefined;
      return ok;
    } finally {
      this.outputs.end();
      this.show(!this.outputs.empty || !this.stored);
    }
  }
}

let running; // the cell whose run was asked for
let wanted; // the one to run next: asked for while another ran

/** Run a cell, after those before it whose code this Python has not seen. */
async function run(cell) {
  if (running) {
    wanted = cell;
    return;
  }
  running = cell;
  const begun = performance.now();
  const later = setTimeout(() => cell.offerStop(true), SOON);
  delete cell.root.dataset.ran;
  try {
    await load(cell);
    const ok = await runUpTo(cell);
    const seconds = ((performance.now() - begun) / 1000).toFixed(2);
    cell.status.textContent = ok ? fill(texts.done, { seconds }) : texts.failed;
    cell.root.dataset.ran = ok ? "yes" : "no";
  } catch (error) {
    give(cell, error);
  }
  clearTimeout(later);
  cell.loading(null);
  cell.offerStop(false);
  cell.offerReset();
  running = undefined;
  const next = wanted;
  wanted = undefined;
  if (next) run(next);
}

async function load(cell) {
  if (!python.begun) cell.status.textContent = texts.loading;
  await python.boot((progress) => cell.loading(progress));
  cell.loading(null);
  for (const each of cells) each.hint.hidden = true;
}

async function runUpTo(cell) {
  cell.status.textContent = texts.running;
  for (const before of cells.slice(0, cells.indexOf(cell)))
    if (before.ran !== before.editor.code && !(await before.go())) return false;
  return cell.go();
}

function stop() {
  wanted = undefined;
  python.stop();
}

/** Say why there is no result: the reader stopped it, or Python could not be loaded. */
function give(cell, error) {
  python.stop();
  for (const each of cells) each.ran = undefined;
  const stopped = error instanceof Stopped;
  cell.status.textContent = stopped ? texts.stopped : fill(texts.broken, { why: error.message });
  cell.root.dataset.ran = stopped ? "stopped" : "broken";
}

const cells = [...document.querySelectorAll("div.cell.tag_run-here")].map((one) => new Cell(one));
