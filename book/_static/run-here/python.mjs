// The page's Python: begun on the first run, ended by stop(), begun again by the next run.

/** What run() fails with after stop(). */
export class Stopped extends Error {}

export class Python {
  #settings;
  #worker;
  #booted;
  #asked;

  /** settings: { pyodide, archive, sizes, language }, see tools/sphinx/run_here.py. */
  constructor(settings) {
    this.#settings = settings;
  }

  /** Whether it is loaded or loading. */
  get begun() {
    return Boolean(this.#booted);
  }

  /** Load it, once. told({ kind: "progress", loaded, total }), bytes, as they come. */
  boot(told) {
    this.#booted ??= this.#begin(told).catch((error) => {
      this.stop();
      throw error;
    });
    return this.#booted;
  }

  /** Run a cell; told() gets what it says ("output", "cut"). Resolves to { ok }. */
  run(code, told) {
    return this.#ask({ kind: "run", code }, told);
  }

  /** End it at once, whatever it is doing. */
  stop() {
    this.#worker?.terminate();
    this.#worker = this.#booted = undefined;
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.fail(new Stopped());
  }

  #begin(told) {
    this.#worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (event) => this.#hear({ kind: "fail", why: event.message ?? "" });
    return this.#ask({ kind: "boot", ...this.#settings }, told);
  }

  #ask(message, told) {
    return new Promise((done, fail) => {
      this.#asked = { done, fail, told };
      this.#worker.postMessage(message);
    });
  }

  #hear(data) {
    const { done, fail, told } = this.#asked ?? {};
    if (!done) return;
    if (data.kind === "done" || data.kind === "fail") this.#asked = undefined;
    if (data.kind === "done") done(data);
    else if (data.kind === "fail") fail(new Error(data.why));
    else told(data);
  }
}
