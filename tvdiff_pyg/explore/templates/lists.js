// What a user had, and what each run recommends to them.
function showUser(user) {
  byId("choose-user").selectedIndex = user;
  byId("user-before").disabled = user === 0;
  byId("user-after").disabled = user === page.users.length - 1;
  show("had", hadList(page.users[user]));
  show("user-lists", page.runs.map((run, number) => userCard(run, number, user)));
  drawMap();
}

function hadList({ met }) {
  const [train, validation, test] = met;
  const held = new Set([...validation, ...test]);
  const all = [...train, ...held].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const items = all.map((place) => element("li", {}, titled(place), " ",
    held.has(place) ? element("span", { class: "only" }, "held out") : null));
  const count = times(train.length, "item", "items");
  return element("div", {},
    quiet(`Had ${count} in training`, held.size ? `, ${held.size} held out.` : "."),
    element("ul", { class: "had", tabindex: "0", "aria-label": "What they had" }, items));
}

function userCard(run, number, user) {
  const { items, scores, because, popularity, novelty } = run.lists[user];
  const others = new Set(page.runs.filter((other) => other !== run)
    .flatMap((other) => other.lists[user].items));
  const rows = items.map((place, rank) => itemRow(place, scores[rank],
    page.runs.length > 1 && !others.has(place), because && because[rank]));
  return card(run, number,
    quiet(`Popularity ${printed(popularity)}, novelty ${printed(novelty)} bits`),
    rows.length ? element("ol", {}, rows) : quiet("Nothing is left to recommend."),
    run.unexplained ? quiet(`No reasons from a model ${run.unexplained}.`) : null);
}

function card(run, number, ...children) {
  return element("article", { class: `card ${colour(number)}` },
    element("h3", {}, run.name), ...children);
}

function itemRow(place, score, onlyHere, because) {
  return element("li", {},
    element("div", { class: "row" },
      element("span", {}, titled(place), " ",
        onlyHere ? element("span", { class: "only" }, "only here") : null),
      element("span", { class: "score" }, printed(score))),
    because && because.length ? reasons(because) : null);
}

function reasons(because) {
  const most = Math.max(...because.map(([, value]) => Math.abs(value)));
  const [[first, value]] = because;
  return element("details", {},
    element("summary", {}, "because of ", titled(first), ` (${signed(value)})`),
    element("ul", { class: "reasons" }, because.map(([place, share]) => {
      const width = most > 0 ? (4 * Math.abs(share)) / most : 0;
      return element("li", {},
        element("span", { class: "bar", style: `width:${width.toFixed(2)}rem` }),
        `${signed(share)} `, titled(place));
    })));
}

function showUsers() {
  const select = byId("choose-user");
  select.append(...page.users.map(({ id, met }) => element("option", {},
    `${id} (${times(met[0].length, "item", "items")})`)));
  const step = (by) => () => showUser(select.selectedIndex + by);
  select.addEventListener("change", () => showUser(select.selectedIndex));
  byId("user-before").addEventListener("click", step(-1));
  byId("user-after").addEventListener("click", step(1));
}
