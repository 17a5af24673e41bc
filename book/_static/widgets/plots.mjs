// What plots over a time line share: axes with round numbers, lines that break where nobody looked.

const GAP = 3; // times the usual step: from there on nobody looked, and a line breaks

/** The lowest number not below `value` that is round, and half of it is, too. */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return (
    power * [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((digit) => digit * power >= value * 0.999)
  );
}

/** Seconds to write under the axis: at most `most`, of a step that clocks have. */
export function ticks(end, most) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
  const step = steps.find((each) => end / each <= most) ?? Math.ceil(end / most);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, number) => number * step);
}

/** Runs of frames in which `value` is known and nobody looked away in between. */
export function runs(frames, value) {
  const steps = frames.slice(1).map((frame, index) => frame.at - frames[index].at);
  const usual = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 1;
  const found = [];
  let open = null;
  frames.forEach((frame, index) => {
    const known = value(frame);
    if (known === null || (index && steps[index - 1] > GAP * usual)) open = null;
    if (known === null) return;
    if (!open) found.push((open = []));
    open.push([frame.at, known]);
  });
  return found;
}
