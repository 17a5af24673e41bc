// Sliders in a cell's code: a comment on an assignment, which is plain Python elsewhere.
//
//   rate = 2.5  # run: 0.5..2.9 step 0.1

const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const LINE = new RegExp(
  String.raw`^(\w+)[ \t]*=[ \t]*(${NUMBER})[ \t]*#[ \t]*run:[ \t]*` +
    String.raw`(${NUMBER})\.\.(${NUMBER})[ \t]+step[ \t]+(${NUMBER})[ \t]*$`,
  "gm",
);

/** The sliders of a cell: { name, value, min, max, step, start, end }, the last two the value's place. */
export function sliders(code) {
  return [...code.matchAll(LINE)].map((found) => {
    const [line, name, value, min, max, step] = found;
    const start = found.index + line.indexOf(value, line.indexOf("=") + 1);
    return { name, value, min, max, step, start, end: start + value.length };
  });
}

/** The code with another value for one of its sliders, written with as many digits as its step. */
export function withValue(code, slider, value) {
  return code.slice(0, slider.start) + written(slider, value) + code.slice(slider.end);
}

/** A slider's value as it is written in the code. */
export function written({ step }, value) {
  return Number(value).toFixed((step.split(".")[1] ?? "").length);
}
