"use strict";
// Text from the data becomes text only: nothing here writes HTML.
const page = JSON.parse(document.getElementById("content").textContent);
const [ID, TITLE, POPULARITY] = [0, 1, 2];
const byId = (id) => document.getElementById(id);

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null));
  return node;
}

function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawn(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return filled(node, attributes, children);
}

function show(id, ...children) {
  byId(id).replaceChildren(...children.flat().filter((child) => child !== null));
}

const digits = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const whole = new Intl.NumberFormat("en");
const isTiny = (value) => value !== 0 && Math.abs(value) < 1e-3;
const printed = (value) =>
  (value === null ? "–" : isTiny(value) ? value.toExponential(1) : digits.format(value));
const signed = (value) => (value > 0 ? "+" : "") + printed(value);
const times = (count, one, many) => `${whole.format(count)} ${count === 1 ? one : many}`;
const quiet = (...children) => element("p", { class: "quiet" }, ...children);
const nameOf = (place) => page.items[place][TITLE] || page.items[place][ID];
// A title keeps its own direction of writing, whatever stands beside it.
const titled = (place) => element("bdi", {}, nameOf(place));
const colour = (run) => `run-${run % 6}`;

function table(header, rows) {
  const cells = (tag, row) => row.map((cell) => element(tag, {}, cell));
  return element("table", { class: "numbers" },
    element("thead", {}, element("tr", {}, cells("th", header))),
    element("tbody", {}, rows.map((row) => element("tr", {}, cells("td", row)))));
}

function scrolling(label, child) {
  return element("div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": label }, child);
}

// A field that finds items by a part of their title, or by their id.
function finder(label, chosen) {
  const found = element("ul", { class: "found" });
  const said = element("span", { class: "quiet", role: "status" });
  const field = element("input", { type: "search", autocomplete: "off", size: "28" });
  const take = (place) => {
    field.value = "";
    found.replaceChildren();
    said.textContent = "";
    chosen(place);
    field.focus();
  };
  const look = () => {
    const places = search(field.value);
    said.textContent = field.value.trim() ? times(places.length, "item", "items") : "";
    found.replaceChildren(...places.slice(0, 8).map((place) => element("li", {},
      element("button", { type: "button", click: () => take(place) }, titled(place)))));
  };
  field.addEventListener("input", look);
  field.addEventListener("keydown", (event) => {
    const [best] = search(field.value);
    if (event.key === "Enter" && best !== undefined) take(best);
  });
  return element("div", {},
    element("p", { class: "controls" }, element("label", {}, `${label} `, field), said),
    found);
}

function search(words) {
  const sought = words.trim().toLowerCase();
  if (!sought) return [];
  const rank = (item) => {
    if (item[ID].toLowerCase() === sought) return 0;
    const place = item[TITLE].toLowerCase().indexOf(sought);
    return place < 0 ? 3 : place > 0 ? 2 : 1;
  };
  const ranks = page.items.map(rank);
  // Items are sorted by popularity, and the sort is stable.
  return [...ranks.keys()].filter((place) => ranks[place] < 3)
    .sort((one, other) => ranks[one] - ranks[other]);
}
