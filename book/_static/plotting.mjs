// Draws one plotly figure, in the colours of the reader's theme. Used by figures.mjs (stored
// figures) and run-here/output.mjs (figures made in the page).

let library;

/** Load the site's plotly.js once; it stands beside this file. */
function plotly() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("plotly-basic.min.js", import.meta.url).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error(`${script.src} did not load`));
    document.head.append(script);
  });
  return library;
}

/** The page's text colour now: it changes with the light and dark switch. */
const ink = () => getComputedStyle(document.body).color;

/** Draw plotly JSON into a `.lab-figure` of the page, in the place of what it shows. */
export async function draw(figure, spec) {
  const plot = figure.querySelector(".lab-figure-plot");
  const Plotly = await plotly();
  if (!figure.dataset.drawn) plot.replaceChildren();
  await Plotly.react(plot, {
    data: spec.data,
    frames: spec.frames,
    layout: { ...spec.layout, font: { ...spec.layout.font, color: ink() } },
    config: { displayModeBar: false, responsive: true, ...spec.config },
  });
  figure.dataset.drawn = "yes";
}

if (globalThis.document) {
  new MutationObserver(() => {
    for (const plot of document.querySelectorAll("[data-drawn] .lab-figure-plot")) {
      window.Plotly.relayout(plot, { "font.color": ink() });
    }
  }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
