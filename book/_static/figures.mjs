// Draws the page's stored figures as they come near the screen. Data and text equivalents are
// in the page; see tools/sphinx/plotly_figures.py.
// A .mjs file, because jupyter-book puts every .js file of this folder on every page.

import { draw } from "./plotting.mjs";

const NEAR = "400px";

async function show(figure) {
  await draw(figure, JSON.parse(figure.querySelector("script").textContent));
  figure.querySelector("details").open = false;
}

const watch = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        watch.unobserve(target);
        show(target);
      }
    }
  },
  { rootMargin: NEAR },
);
for (const figure of document.querySelectorAll(".lab-figure")) watch.observe(figure);
