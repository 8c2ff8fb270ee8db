// One spot: what is known, and what the inspector found.
let opened = null;
let redrawDone = () => {};

function openSpot(spot) {
  opened = spot;
  drawSpot();
  show("spot");
}

function neighbour(step) {
  const order = inOrder();
  return order[order.indexOf(opened) + step] || null;
}

async function change(spot, values) {
  const record = spot.record;
  Object.assign(record, values);
  record.started_at ||= new Date().toISOString();
  if (record.done && missingOf(spot).length) record.done = false; // what was taken back is not done
  unsaved = true;
  redrawDone();
  await keep("records", record);
}

function missingOf(spot) {
  const missing = spot.questions.filter((question) => question.required && !(question.id in spot.record.answers)).map(told);
  if (!spot.record.verdict) missing.unshift(say("verdict"));
  if (!photosOf(spot.number).length) missing.push(say("onePhoto"));
  return missing;
}

function drawSpot() {
  const spot = opened;
  const title = make("div", { className: "title" }, make("div", { className: "line strong" }, mark(spot), told(spot.words.kind), make("span", { className: "gap" }), dueWords(spot)),
    make("div", { className: "line muted" }, make("span", { className: "number" }, spot.number), " · ", told(spot.words.theme), " · ", told(spot.words.state)));
  pane("spot").replaceChildren(title,
    ...spot.alerts.map((alert) => make("p", { className: "alert" }, told(alert))),
    spot.pair ? makeSlider(spot) : make("p", { className: "muted" }, say("noPair")),
    make("div", { className: "row links" },
      make("a", { className: "button strong", href: spot.amap, target: "_blank", rel: "noopener" }, say("amap")),
      make("a", { className: "button", href: spot.geo }, say("otherMap")),
      make("button", { type: "button", onclick: () => { show("map"); map.showSpot(spot.shape); } }, say("showOnMap"))),
    make("details", {}, make("summary", {}, say("facts")),
      make("dl", {}, spot.facts.map((fact) => [make("dt", {}, told(fact.label)), make("dd", {}, told(fact.value))]))),
    make("section", { className: "why" }, make("h2", {}, say("why")), make("p", {}, told(spot.reason)), make("p", { className: "muted" }, say("suspicion"))),
    positionPart(spot), photoPart(spot), verdictPart(spot), ...spot.questions.filter((question) => question.required).map((question) => questionPart(spot, question)),
    make("details", { open: spot.questions.some((question) => !question.required && question.id in spot.record.answers) }, make("summary", {}, say("more")),
      spot.questions.filter((question) => !question.required).map((question) => questionPart(spot, question))),
    notePart(spot), donePart(spot));
  const [before, after] = [neighbour(-1), neighbour(1)];
  pane("steps").replaceChildren(
    make("button", { type: "button", onclick: () => show("list") }, say("back")),
    make("button", { type: "button", disabled: !before, onclick: () => openSpot(before) }, `‹ ${say("previous")}`),
    make("button", { type: "button", disabled: !after, onclick: () => openSpot(after) }, `${say("next")} ›`));
  window.scrollTo(0, 0);
}

function part(title, ...children) {
  return make("section", {}, make("h2", {}, title), children);
}

// Buttons of which one holds; a second tap takes it back.
function choices(options, value, choose) {
  const group = make("div", { className: "choices", role: "group" });
  let current = value;
  const draw = () => group.replaceChildren(...options.map((option) => make("button", {
    type: "button", "aria-pressed": String(option.code === current), "data-code": String(option.code),
    onclick: () => { current = option.code === current ? undefined : option.code; draw(); choose(current); },
  }, told(option), option.meaning && option.code === current ? make("small", {}, told(option.meaning)) : null)));
  draw();
  return group;
}

function positionPart(spot) {
  const words = make("p", { className: "where" });
  const draw = () => {
    const position = spot.record.position;
    if (!position) {
      words.textContent = "—";
      return;
    }
    const distance = distanceBetween([position.lon, position.lat], [spot.lon, spot.lat]);
    const how = position.source === "map" ? say("tapped") : say("accuracy", metres(position.accuracy_m || 0));
    words.replaceChildren(make("b", {}, say("fromSpot", metres(distance))), ` · ${how} · ${position.lon.toFixed(6)}, ${position.lat.toFixed(6)}`,
      distance > 300 ? make("span", { className: "late" }, ` ${say("farAway")}`) : "");
  };
  const find = async () => {
    words.textContent = say("locating");
    try {
      const fix = await locate();
      await change(spot, { position: { ...fix, source: "device" } });
      draw();
    } catch (error) {
      draw();
      notice(say("noLocation", error.message));
    }
  };
  draw();
  return part(say("position"), words, make("div", { className: "row" },
    make("button", { type: "button", className: "strong", onclick: find }, say("locate")),
    make("button", { type: "button", onclick: () => pickPlace(spot) }, say("tapMap"))));
}

function verdictPart(spot) {
  const grounds = make("div");
  const draw = () => {
    const fitting = DATA.resolutions.filter((resolution) => resolution.verdict === spot.record.verdict && resolution.verdict !== "illegal");
    grounds.replaceChildren(...(fitting.length ? [make("h3", {}, say("grounds")), choices(fitting, spot.record.resolution, (code) => change(spot, { resolution: code ?? null }))] : []));
  };
  draw();
  return part([say("verdict"), required()], choices(DATA.verdicts, spot.record.verdict, async (code) => {
    await change(spot, { verdict: code ?? null, resolution: null });
    draw();
  }), grounds);
}

function required() {
  return make("span", { className: "required" }, say("required"));
}

function answer(spot, question, value) {
  const answers = { ...spot.record.answers };
  if (value === undefined || value === "" || Number.isNaN(value)) delete answers[question.id];
  else answers[question.id] = value;
  return change(spot, { answers });
}

function questionPart(spot, question) {
  const value = spot.record.answers[question.id];
  let input;
  if (question.type === "choice") input = choices(question.choices, value, (code) => answer(spot, question, code));
  else if (question.type === "yes_no") {
    input = choices([{ code: true, zh: WORDS.yes[0], en: WORDS.yes[1] }, { code: false, zh: WORDS.no[0], en: WORDS.no[1] }], value, (code) => answer(spot, question, code));
  } else if (question.type === "number") {
    input = make("input", { type: "text", inputmode: "decimal", value: value ?? "", "aria-label": told(question), onchange: (event) => {
      const number = Number.parseFloat(event.target.value.replace(",", "."));
      event.target.value = Number.isFinite(number) ? String(number) : "";
      answer(spot, question, Number.isFinite(number) ? number : undefined);
    } });
  } else {
    input = make("input", { type: "text", value: value ?? "", maxlength: "500", "aria-label": told(question), oninput: (event) => answer(spot, question, event.target.value.trim()) });
  }
  return part([told(question), question.required ? required() : null], input);
}

function notePart(spot) {
  return part(say("note"), make("textarea", { rows: "3", maxlength: "2000", value: spot.record.note, "aria-label": say("note"), oninput: (event) => change(spot, { note: event.target.value }) }));
}

function donePart(spot) {
  const missing = make("p", { className: "late", role: "status" });
  let asked = false; // what is missing is told from the first tap on, then as the answers change
  const tell = () => {
    const lacks = asked && !spot.record.done ? missingOf(spot) : [];
    missing.textContent = lacks.length ? say("missing") + lacks.join(language === "zh" ? "、" : ", ") : "";
    return lacks.length;
  };
  const button = make("button", { type: "button", className: "wide", onclick: async () => {
    asked = true;
    if (tell()) {
      missing.scrollIntoView({ block: "nearest" });
      return;
    }
    await change(spot, { done: !spot.record.done });
  } });
  const draw = () => {
    tell();
    button.className = spot.record.done ? "wide finished" : "wide strong";
    button.textContent = spot.record.done ? `✓ ${say("reopen")}` : say("markDone");
  };
  draw();
  redrawDone = draw;
  return make("section", { className: "done" }, missing, button);
}
