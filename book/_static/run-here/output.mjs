// What a run says, on the page: streams, values, figures, errors. Text from Python only ever
// becomes text nodes.

import { draw } from "../plotting.mjs";

const FIGURE = "application/vnd.plotly.v1+json";

/** Make an element. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The outputs of one cell. Those of the last run stay until the new ones take their place. */
export class Outputs {
  #place;
  #texts;
  #titleSpace;
  #next = 0;

  /** place: an element of its own. titleSpace: px that plotly keeps for a figure's title. */
  constructor(place, texts, titleSpace) {
    this.#place = place;
    this.#texts = texts;
    this.#titleSpace = titleSpace;
  }

  get empty() {
    return this.#place.children.length === 0;
  }

  begin() {
    this.#next = 0;
  }

  /** Show one output, in the shape of nbformat 4. */
  add(output) {
    if (output.output_type === "stream") this.#stream(output);
    else if (output.output_type === "error") this.#error(output);
    else if (output.data[FIGURE]) this.#figure(output.data[FIGURE]);
    else this.#put(text(`${output.data["text/plain"]}\n`, "run-here-value"));
  }

  /** Say that more was said than is shown. */
  cut() {
    this.#put(element("p", { class: "run-here-note" }, this.#texts.cut));
  }

  /** Drop what is left of the run before. */
  end() {
    while (this.#place.children.length > this.#next) this.#place.lastElementChild.remove();
  }

  clear() {
    this.begin();
    this.end();
  }

  #put(made) {
    const there = this.#place.children[this.#next];
    if (there) there.replaceWith(made);
    else this.#place.append(made);
    this.#next += 1;
  }

  #stream({ name, text: said }) {
    const kind = `run-here-${name}`;
    const before = this.#place.children[this.#next - 1];
    if (this.#next && before.className === kind) before.firstChild.textContent += said;
    else this.#put(text(said, kind));
  }

  #error({ traceback }) {
    const lines = text(traceback.join("\n"), "run-here-error");
    lines.prepend(element("strong", {}, this.#texts.error));
    this.#put(lines);
  }

  #figure(spec) {
    let figure = this.#place.children[this.#next];
    if (figure?.matches("figure")) this.#next += 1;
    else this.#put((figure = this.#emptyFigure()));
    const { title, alt, bare } = withoutTitle(spec, this.#titleSpace);
    const plot = figure.querySelector(".lab-figure-plot");
    figure.querySelector("figcaption").textContent = title;
    figure.querySelector(".lab-figure-words p").textContent = alt;
    plot.setAttribute("aria-label", alt);
    plot.style.minHeight = `${bare.layout.height}px`;
    // Where the drawing library does not come, the words remain.
    draw(figure, bare).catch(() => (plot.hidden = true));
  }

  #emptyFigure() {
    return element(
      "figure",
      { class: "lab-figure" },
      element("figcaption", { class: "lab-figure-title" }),
      element("div", { class: "lab-figure-plot", role: "img", "aria-live": "off" }),
      element(
        "details",
        { class: "lab-figure-words", open: true },
        element("summary", {}, this.#texts.words),
        element("p"),
      ),
    );
  }
}

function text(said, kind) {
  return element("div", { class: kind }, element("pre", { tabindex: "0" }, said));
}

/** A figure whose title stands above it as text, and which gives back the title's space. */
export function withoutTitle(spec, titleSpace) {
  const { title, ...layout } = spec.layout;
  const of = layout.template?.layout ?? {};
  const height = (layout.height ?? of.height) - titleSpace;
  const top = Math.max((layout.margin?.t ?? of.margin?.t ?? 0) - titleSpace, 8);
  const margin = { ...layout.margin, t: top };
  const bare = { ...spec, layout: { ...layout, height, margin } };
  return { title: title.text, alt: layout.meta.alt, bare };
}
