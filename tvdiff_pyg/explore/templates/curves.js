// Training curves: those of the validation part together, others run by run.
const [WIDTH, HEIGHT, LEFT, BELOW, ABOVE] = [400, 240, 58, 34, 14];
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "14 4", "1 5"];

function showCurves() {
  const trained = page.runs.map((run, number) => ({ ...run, number }))
    .filter((run) => Object.keys(run.curves).length);
  if (!trained.length) {
    show("curve-parts", quiet("None of these runs was trained by epochs."));
    return;
  }
  const names = [...new Set(trained.flatMap((run) => Object.keys(run.curves)))];
  const isShared = (name) => name.startsWith("validation/");
  const own = trained.flatMap((run) => names.filter((name) => !isShared(name))
    .filter((name) => run.curves[name]).map((name) => chart(name, [run])));
  show("curve-parts",
    element("div", { class: "charts" }, names.filter(isShared).map((name) =>
      chart(name, trained.filter((run) => run.curves[name])))),
    element("details", {}, element("summary", {}, "Loss, energy and entropy, run by run"),
      element("div", { class: "charts" }, own)));
}

function chart(name, runs) {
  const points = runs.flatMap((run) => run.curves[name]);
  const last = Math.max(...points.map(([epoch]) => epoch), 2);
  const ticks = steps(...bounds(points.map(([, value]) => value)));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const x = (epoch) => LEFT + ((epoch - 1) / (last - 1)) * (WIDTH - LEFT - 14);
  const y = (value) =>
    HEIGHT - BELOW - ((value - low) / (high - low)) * (HEIGHT - BELOW - ABOVE);
  const lines = runs.map(({ curves, number }) => drawn("g", { class: colour(number) },
    drawn("polyline", { class: "line", "stroke-dasharray": DASHES[number % 6],
      points: curves[name].map(([epoch, value]) => `${x(epoch)},${y(value)}`).join(" ") }),
    curves[name].length === 1
      ? drawn("circle", { r: 4, fill: "currentColor", cx: x(curves[name][0][0]),
        cy: y(curves[name][0][1]) }) : null));
  const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    "aria-label": `${name} by epoch` },
  ticks.map((value) => [
    drawn("line", { class: "grid", x1: LEFT, x2: WIDTH - 14, y1: y(value), y2: y(value) }),
    drawn("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, printed(value)),
  ]).flat(),
  [1, Math.round((1 + last) / 2), last].map((epoch) => drawn("text",
    { x: x(epoch), y: HEIGHT - 14, "text-anchor": "middle" }, String(epoch))),
  drawn("text", { x: LEFT - 6, y: HEIGHT - 14, "text-anchor": "end" }, "epoch"), lines);
  return element("figure", {}, element("h3", {}, name), picture,
    element("figcaption", {}, runs.map((run) => caption(run, run.curves[name]))));
}

function caption(run, points) {
  const [epoch, value] = points[points.length - 1];
  const key = drawn("svg", { width: 34, height: 10, style: "display:inline;border:0;width:34px",
    class: colour(run.number), "aria-hidden": "true" },
  drawn("line", { class: "line", "stroke-dasharray": DASHES[run.number % 6], x1: 0, x2: 34,
    y1: 5, y2: 5 }));
  return element("div", {}, key, ` ${run.name}: ${printed(value)} at epoch ${epoch}`);
}

function bounds(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? [low, high] : [low - (Math.abs(low) || 1), high + (Math.abs(high) || 1)];
}

// Round numbers around two bounds, three to six of them.
function steps(low, high) {
  const rough = (high - low) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough);
  const first = Math.floor(low / step);
  const count = Math.ceil(high / step) - first;
  return [...Array(count + 1).keys()].map((number) => (first + number) * step);
}
