// What can be said of a history that is typed in.
const history = [];

// The cosines of an item with those of a history, added up over what stands near them.
function alike({ near, cosine }, places, k) {
  const sums = new Map();
  for (const place of places) {
    near[place].forEach((other, rank) =>
      sums.set(other, (sums.get(other) || 0) + cosine[place][rank]));
  }
  const left = [...sums].filter(([place]) => !places.includes(place));
  return left.sort(([a, one], [b, other]) => other - one || a - b).slice(0, k);
}

function typedCard(run, number) {
  const { typed } = run;
  const asked = history.map((place) => page.items[place][ID]);
  const command = element("code", {}, commandFor(run.name, asked));
  if (typed.kind === "none") {
    return card(run, number, quiet("This model has no factors to compare items by. ",
      "What it recommends: "), command);
  }
  const best = alike(typed, history, page.k);
  return card(run, number,
    quiet("The items nearest to yours by the cosine of their factors. ",
      "This is not the run's own ranking, which is printed by: ", command),
    element("ol", {}, best.map(([place, score]) => itemRow(place, score, false, null))));
}

// An id that holds a comma or a quote stands in double quotes, as in a line of CSV.
function commandFor(run, ids) {
  const cell = (id) => (/[",\r\n]|^ /.test(id) ? `"${id.replaceAll('"', '""')}"` : id);
  const word = (text) =>
    /^[\w@%+=:,.\/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`;
  return `tvdiff recommend ${word(run)} --items=${word(ids.map(cell).join(","))}`;
}

function showTyped() {
  show("typed-history", history.map((place) => element("li", {},
    element("button", {
      type: "button",
      "aria-label": `Remove ${nameOf(place)}`,
      click: () => {
        history.splice(history.indexOf(place), 1);
        showTyped();
        byId("typed-find").querySelector("input").focus();
      },
    }, titled(place), " ×"))));
  show("typed-lists", history.length ? page.runs.map(typedCard) : []);
}

function addTyped(place) {
  if (!history.includes(place)) history.push(place);
  showTyped();
}
