// Draws the page's plotly figures as they come near the screen, in the colours of the
// reader's theme. Data and text equivalents are in the page; see tools/sphinx/plotly_figures.py.
// A .mjs file, because jupyter-book puts every .js file of this folder on every page.

const NEAR = "400px";
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

async function draw(figure) {
  const plot = figure.querySelector(".lab-figure-plot");
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const Plotly = await plotly();
  plot.replaceChildren();
  await Plotly.newPlot(plot, {
    data: spec.data,
    frames: spec.frames,
    layout: { ...spec.layout, font: { ...spec.layout.font, color: ink() } },
    config: { displayModeBar: false, responsive: true, ...spec.config },
  });
  figure.querySelector("details").open = false;
  figure.dataset.drawn = "yes";
}

const figures = document.querySelectorAll(".lab-figure");

const watch = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        watch.unobserve(target);
        draw(target);
      }
    }
  },
  { rootMargin: NEAR },
);
figures.forEach((figure) => watch.observe(figure));

new MutationObserver(() => {
  for (const plot of document.querySelectorAll("[data-drawn] .lab-figure-plot")) {
    window.Plotly.relayout(plot, { "font.color": ink() });
  }
}).observe(document.documentElement, { attributeFilter: ["data-theme"] });
