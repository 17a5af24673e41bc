// A page's Python, in a worker, so that the page stays alive and can end it. It asks this site
// for its files and nobody else. Takes { kind: "boot" } once, then { kind: "run", code };
// answers each with "done" or "fail", and on the way "progress" and "output".

import { counting } from "./progress.mjs";

const FOLDER = "/book"; // in Python's own file system
const MOST_OUTPUT = 100_000; // characters of one run; the rest is dropped, and said to be

let cells;
let said = 0;

async function boot({ pyodide, archive, sizes, language }) {
  const base = new URL(pyodide, import.meta.url).href;
  const count = counting(sizes, (progress) => postMessage({ kind: "progress", ...progress }));
  // Python's loader fetches by itself; this is how one sees it happen.
  self.fetch = count.counted(self.fetch.bind(self));
  const book = fetch(new URL(archive, import.meta.url)).then(whole);
  book.catch(() => {}); // looked at below; until then it is no unhandled failure
  const module = async (name) => {
    const made = await import(base + name);
    count.arrived(name, performance.getEntriesByName(base + name).at(-1)?.encodedBodySize);
    return made;
  };
  const { loadPyodide } = await module("pyodide.mjs");
  await module("pyodide.asm.mjs");
  const python = await loadPyodide({
    indexURL: base,
    packageBaseUrl: base,
    env: { LABS_LANG: language },
  });
  python.unpackArchive(await book, "zip", { extractDir: FOLDER });
  python.pyimport("sys").path.insert(0, FOLDER);
  cells = python.pyimport("helpers.in_page").Cells(say);
}

async function whole(answer) {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  return answer.arrayBuffer();
}

function say(output) {
  if (said > MOST_OUTPUT) return;
  said += output.length;
  if (said > MOST_OUTPUT) postMessage({ kind: "cut" });
  else postMessage({ kind: "output", output: JSON.parse(output) });
}

self.onmessage = async ({ data }) => {
  try {
    if (data.kind === "boot") {
      await boot(data);
      postMessage({ kind: "done" });
    } else {
      said = 0;
      postMessage({ kind: "done", ok: cells.run(data.code) });
    }
  } catch (error) {
    postMessage({ kind: "fail", why: String(error?.message ?? error) });
  }
};
