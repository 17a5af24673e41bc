// Before a page is printed: light colours, and nothing folded. Afterwards all is as it was.

const root = document.documentElement;
let before;

addEventListener("beforeprint", () => {
  const folded = [...document.querySelectorAll("details:not([open])")];
  before = { theme: root.dataset.theme, folded };
  root.dataset.theme = "light";
  folded.forEach((details) => (details.open = true));
});

addEventListener("afterprint", () => {
  if (!before) return;
  root.dataset.theme = before.theme;
  before.folded.forEach((details) => (details.open = false));
  before = undefined;
});
