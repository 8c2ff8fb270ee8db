// The page put together: three panes, one spot opened, everything kept as it is entered.
const DATA = JSON.parse(document.getElementById("data").textContent);
const photos = [];
let map = null, pickingFor = null, picked = null, unsaved = false;

function emptyRecord(spot) {
  return { number: spot.number, version: spot.version, answers: {}, verdict: null, resolution: null, note: "", position: null, started_at: null, done: false };
}

// Days until a day, by the phone's calendar.
function daysUntil(day) {
  if (!day) return null;
  const [year, month, date] = day.split("-").map(Number), now = new Date();
  return Math.round((Date.UTC(year, month - 1, date) - Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())) / 86400000);
}

const spots = DATA.cases.map((each) => {
  const spot = { ...each, days: daysUntil(each.due_on), questions: DATA.questions.filter((question) => !question.themes.length || question.themes.includes(each.theme)) };
  spot.record = emptyRecord(spot);
  spot.rings = each.rings.map((ring) => ring.map(toPlane));
  spot.shape = { severity: each.severity, rings: spot.rings, at: toPlane([each.lon, each.lat]), label: each.order === null ? "" : String(each.order), spot, done: () => spot.record.done };
  return spot;
});

function pane(name) {
  return document.getElementById(name);
}

function notice(text) {
  pane("notice").replaceChildren(text ? make("p", { className: "alert", role: "alert" }, text) : "");
}

function show(name) {
  notice("");
  document.body.dataset.pane = name;
  for (const tab of document.querySelectorAll("#tabs button")) tab.setAttribute("aria-current", String(tab.dataset.pane === name));
  if (name === "list") drawList();
  if (name === "save") drawSave();
  if (name === "map") {
    if (!map.shown) {
      map.shown = true;
      map.showAll();
    }
    map.redraw();
  }
  if (name !== "map") endPicking();
  if (name !== "spot") window.scrollTo(0, 0);
}

let keptTimer = 0;

function tellKept() {
  pane("kept").textContent = `✓ ${say("saved")}`;
  pane("kept").className = "on";
  clearTimeout(keptTimer);
  keptTimer = setTimeout(() => { pane("kept").className = ""; }, 1500);
}

async function keep(name, value) {
  try {
    await keeper.put(name, value);
    if (keeper.kind !== "memory") tellKept();
  } catch (error) {
    notice(say("failed", error.message));
  }
}

function openCard(shape) {
  if (!shape) {
    pane("card").replaceChildren();
    return;
  }
  const spot = shape.spot;
  pane("card").replaceChildren(make("div", { className: "card" },
    make("div", { className: "body" }, make("div", { className: "line strong" }, mark(spot), told(spot.words.kind)), make("div", { className: "line muted" }, `${spot.place} · ${dueWords(spot)}`)),
    make("button", { type: "button", className: "strong", onclick: () => openSpot(spot) }, say("open"))));
}

function pickPlace(spot) {
  show("map");
  map.shown = true;
  map.showSpot(spot.shape);
  pickingFor = spot;
  picked = null;
  map.pick(true, spot.record.position);
  drawPicking();
}

function drawPicking() {
  pane("card").replaceChildren(make("div", { className: "card column" }, make("div", { className: "strong" }, say("tapHint")),
    make("div", { className: "row" },
      make("button", { type: "button", className: "strong", disabled: !picked, onclick: async () => {
        const spot = pickingFor;
        await change(spot, { position: { lon: picked[0], lat: picked[1], accuracy_m: null, at: new Date().toISOString(), source: "map" } });
        openSpot(spot);
      } }, say("useThis")),
      make("button", { type: "button", onclick: () => openSpot(pickingFor) }, say("cancel")))));
}

function endPicking() {
  if (!pickingFor) return;
  pickingFor = null;
  map.pick(false, null);
  pane("card").replaceChildren();
}

function drawSave() {
  const finished = spots.filter((spot) => spot.record.done).length, begun = started().length - finished;
  const size = photos.reduce((sum, photo) => sum + photo.size, 0);
  const state = make("p", { role: "status", className: "state" });
  const button = make("button", { type: "button", className: "wide strong", id: "save-file", disabled: !started().length, onclick: async () => {
    button.disabled = true;
    try {
      const file = await makeReturn((share) => { state.textContent = say("saving", Math.round(share * 100)); });
      const name = returnName();
      download(file, name);
      unsaved = false;
      state.textContent = say("savedFile", name, bytes(file.size));
    } catch (error) {
      state.textContent = say("failed", error.message);
    }
    button.disabled = false;
  } }, say("saveButton"));
  const load = make("input", { type: "file", accept: ".json,application/json", className: "hidden", onchange: async (event) => {
    try {
      state.textContent = say("loaded", await takeReturn(event.target.files[0]));
    } catch (error) {
      state.textContent = error instanceof SyntaxError ? say("notOurs", DATA.export.number) : say("failed", error.message);
    }
    event.target.value = "";
  } });
  pane("save").replaceChildren(make("h1", {}, say("saveTitle")), make("p", {}, say("saveText")),
    make("p", { className: "strong" }, started().length ? say("summary", finished, begun, photos.length, bytes(size)) : say("nothingYet")), button, state,
    make("h1", {}, say("loadTitle")), make("p", {}, say("loadText")), make("label", { className: "button" }, say("loadButton"), load));
}

function drawFrame() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `${say("title")} ${DATA.export.number}`;
  const { number, receiver_name, expires_on } = DATA.export;
  const left = daysUntil(expires_on);
  pane("head").replaceChildren(
    make("div", { className: "body" }, make("div", { className: "line strong" }, `${say("title")} · ${receiver_name}`),
      make("div", { className: "line muted" }, make("span", { className: left < 0 ? "late" : "" }, `${say("valid")} ${expires_on}`), make("span", {}, ` ${number}`))),
    make("button", { type: "button", className: "plain", onclick: () => { language = language === "zh" ? "en" : "zh"; drawFrame(); } }, language === "zh" ? "EN" : "中文"));
  const warnings = [];
  if (left < 0) warnings.push(say("expired", expires_on));
  if (keeper.kind !== "all") warnings.push(say(keeper.kind === "texts" ? "photosMemory" : "memoryOnly"));
  if (!spots.some((spot) => spot.pair)) warnings.push(say("noPictures"));
  pane("warnings").replaceChildren(...warnings.map((text) => make("p", { className: "alert" }, text)));
  pane("tabs").replaceChildren(...["list", "map", "save"].map((name) => make("button", { type: "button", "data-pane": name, onclick: () => show(name) },
    make("span", { "aria-hidden": "true" }, { list: "☰", map: "◎", save: "⇩" }[name]), say(name))));
  pane("tools").replaceChildren(
    make("button", { type: "button", "aria-label": say("zoomIn"), onclick: () => map.zoom(1.6) }, "＋"),
    make("button", { type: "button", "aria-label": say("zoomOut"), onclick: () => map.zoom(1 / 1.6) }, "－"),
    make("button", { type: "button", "aria-label": say("fit"), onclick: () => map.showAll() }, say("fit")),
    make("button", { type: "button", "aria-label": say("me"), onclick: () => locate().then(() => map.showHere()).catch((error) => notice(say("noLocation", error.message))) }, say("locate")));
  pane("legend").textContent = DATA.map.route.length > 1 ? say("straight") : "";
  fitMap();
  const current = document.body.dataset.pane;
  if (current === "spot") drawSpot();
  show(current);
}

// The map fills what the header leaves.
function fitMap() {
  pane("map").style.top = `${pane("head").offsetHeight}px`;
}

async function begin() {
  await keeper.open(`rsg-${DATA.export.number}-${DATA.export.receiver}`);
  try {
    const records = await keeper.all("records");
    for (const record of records) {
      const spot = spots.find((each) => each.number === record.number);
      if (spot) spot.record = { ...emptyRecord(spot), ...record };
    }
    photos.push(...(await keeper.all("photos")).filter((photo) => spots.some((spot) => spot.number === photo.number)));
  } catch (error) {
    notice(say("failed", error.message));
  }
  map = createMap(pane("canvas"), {
    // A picture cut from a chip has the chip's signs in it: it goes on the map only where there is nothing else.
    pictures: [...DATA.map.pictures, ...spots.filter((spot) => spot.pair && !(spot.pair.outlined && DATA.map.pictures.length)).map((spot) => ({ url: spot.pair.after, bounds: spot.pair.bounds, width: spot.pair.width }))],
    spots: spots.map((spot) => spot.shape),
    route: DATA.map.route.map(toPlane),
    onOpen: openCard,
    onPlace: (place) => { picked = place; drawPicking(); },
  });
  if (spots.some((spot) => spot.order !== null)) listing.order = "byRoute";
  here.listeners.add(() => { if (document.body.dataset.pane === "list" && listing.order === "byDistance") drawList(); });
  window.addEventListener("resize", fitMap);
  window.addEventListener("beforeunload", (event) => { if (unsaved && keeper.kind !== "all") event.preventDefault(); });
  drawFrame();
}

begin();
