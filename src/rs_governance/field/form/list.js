// The list: what is to be looked at, in the order that one wants.
const ORDERS = {
  byRoute: (spot) => [spot.order ?? 1e9],
  byUrgency: (spot) => [["red", "yellow", "green"].indexOf(spot.severity), spot.days ?? 1e6],
  byDue: (spot) => [spot.days ?? 1e6, ["red", "yellow", "green"].indexOf(spot.severity)],
  byDistance: (spot) => [distanceOf(spot) ?? 1e9],
};
const listing = { order: "byUrgency", todoOnly: false };

function distanceOf(spot) {
  return here.position ? distanceBetween([here.position.lon, here.position.lat], [spot.lon, spot.lat]) : null;
}

function inOrder() {
  const key = ORDERS[listing.order];
  return spots.filter((spot) => !listing.todoOnly || !spot.record.done)
    .map((spot) => [key(spot), spot])
    .sort(([a, one], [b, other]) => {
      for (let place = 0; place < a.length; place += 1) if (a[place] !== b[place]) return a[place] - b[place];
      return one.number < other.number ? -1 : 1;
    })
    .map(([, spot]) => spot);
}

function dueWords(spot) {
  if (spot.days === null) return say("noTerm");
  if (spot.days === 0) return say("dueToday");
  if (Math.abs(spot.days) === 1) return say(spot.days > 0 ? "dayLeft" : "overdueDay");
  return spot.days > 0 ? say("daysLeft", spot.days) : say("overdue", -spot.days);
}

function statusOf(spot) {
  return spot.record.done ? "done" : spot.record.started_at ? "begun" : "untouched";
}

function mark(spot) {
  return make("span", { className: `mark ${spot.severity}`, title: told(spot.words.severity) }, { red: "▲", yellow: "◆", green: "●" }[spot.severity]);
}

function drawList() {
  const orders = Object.keys(ORDERS).filter((name) => name !== "byRoute" || spots.some((spot) => spot.order !== null));
  const finished = spots.filter((spot) => spot.record.done).length;
  const bar = make("div", { className: "row orders", role: "group" }, orders.map((name) => make("button", {
    type: "button", "aria-pressed": String(listing.order === name), onclick: () => chooseOrder(name),
  }, say(name))));
  const filter = make("label", { className: "row filter" }, say("count", spots.length, finished), make("span", { className: "gap" }),
    make("input", { type: "checkbox", checked: listing.todoOnly, onchange: (event) => { listing.todoOnly = event.target.checked; drawList(); } }), say("todoOnly"));
  const rows = inOrder().map((spot) => {
    const distance = distanceOf(spot);
    return make("li", {}, make("button", { type: "button", className: `spot ${statusOf(spot)}`, "data-number": spot.number, onclick: () => openSpot(spot) },
      spot.pair ? make("img", { src: spot.pair.after, alt: "", loading: "lazy", className: "small" }) : make("span", { className: "small" }),
      make("span", { className: "body" },
        make("span", { className: "line strong" }, mark(spot), spot.order !== null ? make("span", { className: "order" }, String(spot.order)) : null, make("span", { className: "body" }, told(spot.words.kind)),
          spot.audit ? make("span", { className: "tag" }, say("audit")) : null, make("span", { className: `tag ${statusOf(spot)}` }, say(statusOf(spot)))),
        make("span", { className: "line" }, spot.place, " · ", spot.area),
        make("span", { className: "line muted" }, make("span", { className: spot.days !== null && spot.days < 0 ? "late" : "" }, dueWords(spot)),
          distance === null ? null : make("b", {}, ` ${metres(distance)}`), make("span", {}, ` ${spot.number}`)))));
  });
  pane("list").replaceChildren(bar, filter, rows.length ? make("ul", { className: "spots" }, rows) : make("p", { className: "muted" }, say("nothing")));
}

async function chooseOrder(name) {
  listing.order = name;
  if (name === "byDistance" && !here.position) await locate().catch((error) => notice(say("noLocation", error.message)));
  drawList();
}
