// Items by the principal components of their factors, coloured by popularity.
const SIZE = 1000;
const mapped = { run: page.runs.findIndex((run) => run.map !== null), sought: null };

function showMap() {
  if (mapped.run < 0) {
    show("map-parts", quiet("None of these models has factors of items."));
    return;
  }
  const select = element("select", {}, page.runs.map((run, number) => (run.map === null
    ? null : element("option", { value: number }, run.name))));
  select.addEventListener("change", () => {
    mapped.run = Number(select.value);
    drawMap();
  });
  show("map-parts",
    element("p", { class: "controls" }, element("label", {}, "Run ", select)),
    finder("Find an item", (place) => {
      mapped.sought = place;
      drawMap();
    }),
    element("figure", { id: "map-figure" }));
  drawMap();
}

function drawMap() {
  if (!byId("map-figure")) return;
  const { x, y, shares } = page.runs[mapped.run].map;
  const popularity = page.items.slice(0, x.length).map((item) => item[POPULARITY]);
  const edges = [0.2, 0.4, 0.6, 0.8]
    .map((part) => popularity[Math.floor((1 - part) * (popularity.length - 1))]);
  const level = (count) => edges.filter((edge) => count > edge).length;
  const at = (place) => [x[place], SIZE - y[place]];
  const points = popularity.map((count, place) => {
    const [cx, cy] = at(place);
    return drawn("circle", { class: `point level-${level(count)}`, cx, cy, r: 7 },
      drawn("title", {}, `${nameOf(place)} (${times(count, "user", "users")})`));
  }).reverse();
  const user = byId("choose-user").selectedIndex;
  const shown = (places) => places.filter((place) => place < x.length);
  const met = shown(page.users[user].met[0]).map((place) => marked("met", at(place)));
  const best = shown(page.runs[mapped.run].lists[user].items)
    .map((place) => marked(`best ${colour(mapped.run)}`, at(place)));
  show("map-figure",
    drawn("svg", { viewBox: `-30 -30 ${SIZE + 60} ${SIZE + 60}`, role: "img",
      "aria-label": "Items by the principal components of their factors" },
    points, met, best, soughtMark(at, x.length)),
    element("figcaption", {}, mapLegend(popularity, edges),
      element("div", {}, "Squares: what the chosen user had. Diamonds: what this run ",
        "recommends to them."),
      element("div", {}, `The ${times(x.length, "item", "items")} of most users. The two `,
        `directions have ${printed(100 * shares[0])} % and ${printed(100 * shares[1])} % `,
        "of the variance.")),
    soughtWords(x.length));
}

function marked(kind, [cx, cy]) {
  const points = kind === "met"
    ? [[-12, -12], [12, -12], [12, 12], [-12, 12]] : [[0, -19], [15, 0], [0, 19], [-15, 0]];
  return drawn("polygon", { class: kind,
    points: points.map(([dx, dy]) => `${cx + dx},${cy + dy}`).join(" ") });
}

function soughtMark(at, count) {
  if (mapped.sought === null || mapped.sought >= count) return null;
  const [cx, cy] = at(mapped.sought);
  return drawn("circle", { class: "sought", cx, cy, r: 24 });
}

function soughtWords(count) {
  if (mapped.sought === null) return null;
  const where = mapped.sought < count ? "is circled." : "is not among those that are drawn.";
  return element("p", { role: "status" }, titled(mapped.sought), ` ${where}`);
}

function mapLegend(popularity, edges) {
  const lows = [popularity[popularity.length - 1], ...edges.map((edge) => edge + 1)];
  const highs = [...edges, popularity[0]];
  return element("div", {}, "Users who had an item: ",
    lows.map((low, level) => (low > highs[level] ? null : element("span", {},
      element("span", { class: `key level-${level}` }),
      low === highs[level] ? `${low} ` : `${low} to ${highs[level]} `))));
}
