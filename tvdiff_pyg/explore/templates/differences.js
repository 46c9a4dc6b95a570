// Where runs differ: users, items, and lists on the whole.
function showDifferences() {
  const { overlap, users, items } = page.differences;
  const names = page.runs.map((run) => run.name);
  if (names.length === 1) {
    show("difference-parts", quiet("There is one run on this page: it differs from none. ",
      "Its most offered items:"),
    scrolling("Most offered items", table(["Item", "Users"],
      items.map(([place, ...counts]) => [titled(place), ...counts.map(printed)]))));
    return;
  }
  const share = (value) => `${Math.round(100 * value)} %`;
  show("difference-parts",
    quiet("Share of the items of two lists, or of all runs' lists, that are in each of ",
      `them, over the ${times(page.users.length, "user", "users")} of this page.`),
    scrolling("Overlap of two runs", table(["Run", ...names],
      overlap.map((row, run) => [names[run], ...row.map(share)]))),
    element("h3", {}, "Users on whom they agree least"),
    element("p", { class: "controls" }, users.map(([user, common]) =>
      element("button", { type: "button", click: () => toUser(user) },
        `${page.users[user].id} (${share(common)})`))),
    element("h3", {}, "Items that one offers more often than another"),
    scrolling("Items by run", table(["Item", ...names],
      items.map(([place, ...counts]) => [titled(place), ...counts.map(printed)]))));
}

function toUser(user) {
  showUser(user);
  byId("user").scrollIntoView();
  byId("choose-user").focus({ preventScroll: true });
}
