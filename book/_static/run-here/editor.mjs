// The code of a cell on the page: shown as it was published, moved by its sliders, edited by
// the reader, put back by Reset.

import { element } from "./output.mjs";
import { sliders, withValue, written } from "./sliders.mjs";

export class Editor {
  #block; // what the page shows: the highlighted code and its copy button
  #pre;
  #original;
  #highlighted;
  #area;
  #knobs = new Map();
  #changed;

  /** cell: the page's `div.cell`. changed(how) is called with "slider" or "text". */
  constructor(cell, texts, changed) {
    this.#block = cell.querySelector(".cell_input .highlight");
    this.#pre = this.#block.querySelector("pre");
    this.#original = this.#pre.textContent.trimEnd();
    this.#highlighted = [...this.#pre.childNodes].map((node) => node.cloneNode(true));
    this.#changed = changed;
    this.#area = element("textarea", {
      class: "run-here-code",
      "aria-label": texts.code,
      spellcheck: "false",
      autocapitalize: "off",
      wrap: "off",
      hidden: true,
      input: () => this.#typed(),
    });
    this.#block.after(this.#area);
    this.#write(this.#original);
    this.sliders = sliders(this.#original).map((slider) => this.#knob(slider));
  }

  /** The code as it stands now. */
  get code() {
    return this.#area.value;
  }

  get isOriginal() {
    return this.code === this.#original;
  }

  get isOpen() {
    return !this.#area.hidden;
  }

  /** Let the reader type. */
  open() {
    const folded = this.#area.closest("details");
    if (folded) folded.open = true;
    this.#area.hidden = false;
    this.#block.hidden = true;
    this.#area.focus();
  }

  /** Do `action` on Ctrl, Shift or Command and Enter. */
  onRun(action) {
    this.#area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.shiftKey || event.metaKey)) return;
      event.preventDefault();
      action();
    });
  }

  /** Put back what was published. */
  reset() {
    this.#area.hidden = true;
    this.#block.hidden = false;
    this.#pre.replaceChildren(...this.#highlighted.map((node) => node.cloneNode(true)));
    this.#write(this.#original);
    this.#readKnobs();
  }

  #write(code) {
    this.#area.value = code;
    this.#area.rows = code.split("\n").length + 1;
  }

  #typed() {
    this.#area.rows = this.code.split("\n").length + 1;
    this.#readKnobs();
    this.#changed("text");
  }

  #knob(slider) {
    const { name, value, min, max, step } = slider;
    const input = element("input", {
      type: "range",
      min,
      max,
      step,
      "aria-label": name,
      input: () => this.#turned(name, input.value),
    });
    input.value = value;
    const shown = element("span", { class: "run-here-number", "aria-hidden": "true" }, value);
    this.#knobs.set(name, { input, shown });
    return element("label", { class: "run-here-slider" }, element("code", {}, name), input, shown);
  }

  #turned(name, value) {
    const slider = sliders(this.code).find((one) => one.name === name);
    replaceText(this.#pre, slider.start, slider.end, written(slider, value));
    this.#write(withValue(this.code, slider, value));
    this.#readKnobs();
    this.#changed("slider");
  }

  /** Let the sliders show what the code says; one whose line is gone cannot be moved. */
  #readKnobs() {
    const there = new Map(sliders(this.code).map((slider) => [slider.name, slider]));
    for (const [name, { input, shown }] of this.#knobs) {
      const slider = there.get(name);
      input.disabled = !slider;
      shown.textContent = slider?.value ?? "–";
      if (slider) input.value = slider.value;
    }
  }
}

/** Replace characters start to end of an element's text, and leave its markup as it is. */
function replaceText(root, start, end, by) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let [at, put] = [0, by];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.data.length;
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, length)];
    if (from < to) {
      node.data = node.data.slice(0, from) + put + node.data.slice(to);
      put = "";
    }
    at += length;
  }
}
