// Widgets on a published page: no kernel, so the state that was recorded is all there is.
// Plays the part that JupyterLab plays elsewhere; see tools/sphinx/widgets.py.

const NEAR = "300px";

/** A widget's model without a kernel: what the front end sets, only the front end sees. */
export class StoredModel {
  #state;
  #listeners = new Map();

  constructor(state) {
    this.#state = { ...state };
  }

  get(name) {
    return this.#state[name];
  }

  set(name, value) {
    if (this.#state[name] === value) return;
    this.#state[name] = value;
    for (const event of [`change:${name}`, "change"])
      for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }

  on(event, listener) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(listener);
  }

  off(event, listener) {
    if (listener) this.#listeners.get(event)?.delete(listener);
    else this.#listeners.delete(event);
  }

  save_changes() {}

  send() {}
}

const models = new Map(); // one for each recorded widget, whichever views show it

function modelOf(view) {
  const id = view.dataset.model;
  if (!models.has(id)) {
    const stored = document.getElementById(`lab-widget-${id}`);
    models.set(id, new StoredModel(JSON.parse(stored.textContent)));
  }
  return models.get(id);
}

async function show(view) {
  const name = view.dataset.widget;
  const module = await import(new URL(`${name}.mjs`, import.meta.url));
  const el = document.createElement("div");
  await module.default.render({ model: modelOf(view), el });
  // The still picture made way only once the moving one is there.
  view.querySelector(".lab-widget-still").replaceWith(el);
  view.dataset.shown = "yes";
}

if (globalThis.document) {
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        watch.unobserve(target);
        show(target);
      }
    },
    { rootMargin: NEAR },
  );
  for (const view of document.querySelectorAll(".lab-widget")) watch.observe(view);
}
