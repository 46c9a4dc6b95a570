// Everything is drawn once; what is chosen draws its own part anew.
function showRuns() {
  const { users, items, train } = page.numbers;
  show("about", `${times(users, "user", "users")}, ${times(items, "item", "items")} and `,
    `${times(train, "interaction", "interactions")} in training. The lists are of `,
    `${times(page.users.length, "user", "users")} and as long as ${page.k}; what a user is `,
    "known to have met is left out.");
  const names = [...new Set(page.runs.flatMap((run) => Object.keys(run.validation)))];
  const first = [...new Set(page.runs.flatMap((run) => run.chosen_by))]
    .filter((name) => names.includes(name));
  show("run-table", table(
    ["Run", ...first.map((name) => `${name}, validation`), "Model", "Epochs",
      "Popularity of its lists", "Novelty in bits"],
    page.runs.map((run) => [run.name,
      ...first.map((name) => printed(run.validation[name] ?? null)),
      run.model, run.epochs ? String(run.epochs) : "–",
      printed(mean(run.lists.map((list) => list.popularity))),
      printed(mean(run.lists.map((list) => list.novelty)))])));
}

function mean(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

showRuns();
showUsers();
byId("typed-find").append(finder("Add an item", addTyped));
showDifferences();
showCurves();
showMap();
// Neither of the most nor of the fewest items.
showUser(Math.floor(page.users.length / 2));
