// A small map on a canvas: pictures with a place, outlines, the order of visits, and where one stands.
const COLOURS = { red: "#e0002f", yellow: "#c77700", green: "#0a7d3c" };
const FILLS = { red: "#ff2040", yellow: "#ffbe00", green: "#28c86e" };
const CASING = "#14181f";
const ROOM = { left: 36, right: 90, top: 52, bottom: 108 }; // pixels that the words, buttons and cards over the map take

function createMap(canvas, { pictures, spots, route, onOpen, onPlace }) {
  const context = canvas.getContext("2d");
  const view = { x: 0, y: 0, scale: 1 }; // centre on the plane, pixels a metre of it
  const fingers = new Map();
  const images = new Map();
  let chosen = null, place = null, picking = false, waiting = false;
  let start = null, moved = false, lastTap = null;

  const layers = [...pictures].sort((a, b) => resolution(b) - resolution(a)); // coarse ones first, fine ones over them

  function resolution(picture) {
    return (picture.bounds[2] - picture.bounds[0]) / picture.width;
  }

  function imageOf(picture) {
    if (!images.has(picture)) {
      const image = new Image();
      image.onload = redraw;
      image.src = picture.url;
      images.set(picture, image);
    }
    return images.get(picture);
  }

  function toScreen([x, y]) {
    return [(x - view.x) * view.scale + canvas.clientWidth / 2, (view.y - y) * view.scale + canvas.clientHeight / 2];
  }

  function toWorld(px, py) {
    return [(px - canvas.clientWidth / 2) / view.scale + view.x, view.y - (py - canvas.clientHeight / 2) / view.scale];
  }

  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  function draw() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = "#e8e9e4";
    context.fillRect(0, 0, width, height);
    for (const picture of layers) {
      const [left, top] = toScreen([picture.bounds[0], picture.bounds[3]]);
      const [right, bottom] = toScreen([picture.bounds[2], picture.bounds[1]]);
      if (right < 0 || bottom < 0 || left > width || top > height || right - left < 24) continue;
      const image = imageOf(picture);
      if (image.complete && image.naturalWidth) context.drawImage(image, left, top, right - left, bottom - top);
    }
    for (const spot of spots) drawOutline(spot);
    drawRoute();
    for (const spot of spots) drawMark(spot);
    if (here.position) drawHere();
    if (place) drawPlace();
    drawScale(width, height);
  }

  function drawOutline(spot) {
    context.beginPath();
    for (const ring of spot.rings) {
      ring.forEach((point, index) => {
        const [x, y] = toScreen(point);
        if (index) context.lineTo(x, y); else context.moveTo(x, y);
      });
      context.closePath();
    }
    context.lineJoin = "round";
    context.strokeStyle = CASING;
    context.lineWidth = spot === chosen ? 6 : 4;
    context.stroke();
    context.strokeStyle = FILLS[spot.severity];
    context.lineWidth = spot === chosen ? 3.5 : 2;
    context.stroke();
  }

  function drawRoute() {
    if (route.length < 2) return;
    context.beginPath();
    route.forEach((point, index) => {
      const [x, y] = toScreen(point);
      if (index) context.lineTo(x, y); else context.moveTo(x, y);
    });
    context.setLineDash([]);
    context.strokeStyle = "#ffffff";
    context.lineWidth = 5;
    context.stroke();
    context.setLineDash([9, 6]);
    context.strokeStyle = "#0b57d0";
    context.lineWidth = 3;
    context.stroke();
    context.setLineDash([]);
  }

  function drawMark(spot) {
    const [x, y] = toScreen(spot.at);
    const size = spot === chosen ? 17 : 13;
    context.beginPath();
    if (spot.severity === "red") {
      context.moveTo(x, y - size);
      context.lineTo(x + size, y + size * 0.8);
      context.lineTo(x - size, y + size * 0.8);
    } else if (spot.severity === "yellow") {
      context.moveTo(x, y - size);
      context.lineTo(x + size, y);
      context.lineTo(x, y + size);
      context.lineTo(x - size, y);
    } else {
      context.arc(x, y, size * 0.85, 0, 2 * Math.PI);
    }
    context.closePath();
    context.fillStyle = FILLS[spot.severity];
    context.fill();
    context.strokeStyle = spot.done() ? "#0b57d0" : CASING;
    context.lineWidth = spot.done() ? 4 : 2;
    context.stroke();
    context.fillStyle = CASING;
    context.font = "bold 12px sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(spot.done() ? "✓" : spot.label, x, y + (spot.severity === "red" ? 3 : 1));
  }

  function drawHere() {
    const point = toPlane([here.position.lon, here.position.lat]);
    const [x, y] = toScreen(point);
    const stretch = 1 / Math.cos(here.position.lat * Math.PI / 180);
    context.beginPath();
    context.arc(x, y, Math.max(10, here.position.accuracy_m * stretch * view.scale), 0, 2 * Math.PI);
    context.fillStyle = "rgba(11, 87, 208, 0.18)";
    context.fill();
    dot(x, y, 8, "#0b57d0");
  }

  function drawPlace() {
    const [x, y] = toScreen(place);
    context.strokeStyle = "#ffffff";
    context.lineWidth = 5;
    cross(x, y);
    context.strokeStyle = "#7a00cc";
    context.lineWidth = 3;
    cross(x, y);
    dot(x, y, 6, "#7a00cc");
  }

  function cross(x, y) {
    context.beginPath();
    context.moveTo(x - 20, y);
    context.lineTo(x + 20, y);
    context.moveTo(x, y - 20);
    context.lineTo(x, y + 20);
    context.stroke();
  }

  function dot(x, y, radius, colour) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = "#ffffff";
    context.lineWidth = 3;
    context.stroke();
  }

  function drawScale(width, height) {
    const [, lat] = toDegrees([view.x, view.y]);
    const perMetre = view.scale / Math.cos(lat * Math.PI / 180);
    const longest = 110 / perMetre;
    const power = 10 ** Math.floor(Math.log10(longest));
    const length = power * [5, 2, 1].find((step) => step * power <= longest);
    const x = 12, y = height - 12;
    context.fillStyle = "rgba(255, 255, 255, 0.85)";
    context.fillRect(x - 6, y - 24, length * perMetre + 12, 32);
    context.fillStyle = CASING;
    context.fillRect(x, y - 3, length * perMetre, 4);
    context.font = "13px sans-serif";
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(metres(length), x, y - 8);
  }

  function zoom(factor, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2) {
    const [x, y] = toWorld(px, py);
    view.scale = Math.min(20, Math.max(0.0005, view.scale * factor));
    view.x = x - (px - canvas.clientWidth / 2) / view.scale;
    view.y = y + (py - canvas.clientHeight / 2) / view.scale;
    redraw();
  }

  function show(bounds, most = 4) {
    const [west, south, east, north] = bounds;
    const wide = Math.max(canvas.clientWidth - ROOM.left - ROOM.right, 60), high = Math.max(canvas.clientHeight - ROOM.top - ROOM.bottom, 60);
    view.scale = Math.min(most, wide / Math.max(east - west, 1), high / Math.max(north - south, 1));
    view.x = (west + east) / 2 + (ROOM.right - ROOM.left) / 2 / view.scale;
    view.y = (south + north) / 2 + (ROOM.top - ROOM.bottom) / 2 / view.scale;
    redraw();
  }

  function showAll() {
    const xs = spots.map((spot) => spot.at[0]), ys = spots.map((spot) => spot.at[1]);
    if (spots.length) show([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], 1);
  }

  function tap(px, py) {
    if (picking) {
      place = toWorld(px, py);
      onPlace(toDegrees(place));
      redraw();
      return;
    }
    const near = spots.map((spot) => [Math.hypot(...toScreen(spot.at).map((value, axis) => value - [px, py][axis])), spot])
      .sort((a, b) => a[0] - b[0])[0];
    chosen = near && near[0] < 34 ? near[1] : null;
    onOpen(chosen);
    redraw();
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    if (fingers.size === 1) {
      start = at(event);
      moved = false;
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = [...fingers.values()], [x, y] = at(event), [oldX, oldY] = fingers.get(event.pointerId);
    fingers.set(event.pointerId, [x, y]);
    if (fingers.size === 1) {
      if (!moved && Math.hypot(x - start[0], y - start[1]) < 8) return;
      moved = true;
      view.x -= (x - oldX) / view.scale;
      view.y += (y - oldY) / view.scale;
      redraw();
    } else if (fingers.size === 2) {
      moved = true;
      const after = [...fingers.values()];
      const middle = (pair) => [(pair[0][0] + pair[1][0]) / 2, (pair[0][1] + pair[1][1]) / 2];
      const apart = (pair) => Math.max(Math.hypot(pair[0][0] - pair[1][0], pair[0][1] - pair[1][1]), 10);
      const [fromX, fromY] = middle(before), [toX, toY] = middle(after);
      view.x -= (toX - fromX) / view.scale;
      view.y += (toY - fromY) / view.scale;
      zoom(apart(after) / apart(before), toX, toY);
    }
  });
  function release(event) {
    if (!fingers.delete(event.pointerId) || fingers.size || moved || event.type === "pointercancel") return;
    const [x, y] = start;
    const twice = lastTap && event.timeStamp - lastTap.time < 320 && Math.hypot(x - lastTap.x, y - lastTap.y) < 30;
    lastTap = twice ? null : { time: event.timeStamp, x, y };
    if (twice) zoom(2, x, y); else tap(x, y);
  }
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(2 ** (-event.deltaY / 300), ...at(event));
  }, { passive: false });
  here.listeners.add(redraw);
  window.addEventListener("resize", redraw);

  return {
    redraw, showAll, zoom,
    showSpot(spot) {
      chosen = spot;
      const xs = spot.rings.flat().map((point) => point[0]), ys = spot.rings.flat().map((point) => point[1]);
      show([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], 2.5);
    },
    showHere() {
      if (here.position) [view.x, view.y] = toPlane([here.position.lon, here.position.lat]);
      redraw();
    },
    pick(isPicking, position) {
      picking = isPicking;
      place = position ? toPlane([position.lon, position.lat]) : null;
      redraw();
    },
  };
}
