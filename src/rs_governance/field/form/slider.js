// Before and after, one over the other, with an edge to drag.
function makeSlider(spot) {
  const pair = spot.pair;
  const earlier = make("img", { src: pair.before, alt: say("before"), draggable: "false" });
  const later = make("img", { src: pair.after, alt: say("after"), draggable: "false", className: "later" });
  const edge = make("div", { className: "edge", "aria-hidden": "true" }, make("span", {}, "◂▸"));
  const frame = make("div", { className: "pair" }, earlier, later, pair.outlined ? null : outlineOf(spot), edge,
    make("b", { className: "day left" }, `${say("before")} ${pair.before_on || ""}`),
    make("b", { className: "day right" }, `${say("after")} ${pair.after_on || ""}`));
  const bar = make("input", { type: "range", min: "0", max: "100", value: "50", className: "bar", "aria-label": say("drag"), oninput: () => set(Number(bar.value)) });

  function set(percent) {
    later.style.clipPath = `inset(0 0 0 ${percent}%)`;
    edge.style.left = `${percent}%`;
    bar.value = String(percent);
  }

  function follow(event) {
    const box = frame.getBoundingClientRect();
    set(Math.min(100, Math.max(0, (event.clientX - box.left) / box.width * 100)));
  }

  frame.addEventListener("pointerdown", (event) => {
    frame.setPointerCapture(event.pointerId);
    follow(event);
  });
  frame.addEventListener("pointermove", (event) => { if (frame.hasPointerCapture(event.pointerId)) follow(event); });
  set(50);
  const jump = (percent, key) => make("button", { type: "button", onclick: () => set(percent) }, say(key));
  return make("div", {}, frame, make("div", { className: "row slide" }, jump(100, "before"), bar, jump(0, "after")));
}

function outlineOf(spot) {
  const [west, south, east, north] = spot.pair.bounds;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 1000 1000");
  svg.setAttribute("preserveAspectRatio", "none");
  for (const [colour, width] of [[CASING, 9], [FILLS[spot.severity], 5]]) {
    for (const ring of spot.rings) {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
      const points = ring.map(([x, y]) => `${((x - west) / (east - west) * 1000).toFixed(1)},${((north - y) / (north - south) * 1000).toFixed(1)}`);
      line.setAttribute("points", points.join(" "));
      line.setAttribute("fill", "none");
      line.setAttribute("stroke", colour);
      line.setAttribute("stroke-width", width);
      line.setAttribute("stroke-linejoin", "round");
      svg.append(line);
    }
  }
  return svg;
}
