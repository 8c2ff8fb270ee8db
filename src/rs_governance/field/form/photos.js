// Photos: the original as it came, its digest, and what the form knows of it.
async function thumbnailOf(blob) {
  try {
    const bitmap = await createImageBitmap(blob, { resizeWidth: 240, resizeQuality: "medium" });
    const canvas = make("canvas", { width: String(bitmap.width), height: String(bitmap.height) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    return canvas.toDataURL("image/jpeg", 0.7);
  } catch {
    return null; // a format that this browser cannot show; the original is kept all the same
  }
}

async function keepPhoto(photo) {
  const former = photos.findIndex((each) => each.id === photo.id);
  if (former >= 0) photos[former] = photo; else photos.push(photo);
  await keep("photos", photo);
}

function nameFor(spot, name) {
  const taken = new Set(photosOf(spot.number).map((photo) => photo.name));
  const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/.exec(name || "photo.jpg");
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name || "photo.jpg" : `${stem}-${count}${suffix || ""}`;
    if (!taken.has(candidate)) return candidate;
  }
}

async function addPhoto(spot, file, isFresh, told) {
  // A photo just taken was taken here, if the phone can say where that is; one of the album may be from anywhere.
  const fix = isFresh && here.watching ? await locate().catch(() => null) : null;
  const sha256 = await hashOf(file, told);
  const id = `${spot.number}/${sha256}`;
  if (photos.some((photo) => photo.id === id)) return;
  await keepPhoto({
    id, number: spot.number, name: nameFor(spot, file.name), sha256, type: file.type || "image/jpeg", blob: file.slice(0, file.size, file.type), size: file.size,
    taken_at: file.lastModified ? new Date(file.lastModified).toISOString() : null, lon: fix ? fix.lon : null, lat: fix ? fix.lat : null, heading_deg: null, indoor: false, note: "",
    thumbnail: await thumbnailOf(file),
  });
  // The camera's own file may be cleared away; from here on the kept copy is the original.
  const kept = await keeper.get("photos", id).catch(() => undefined);
  if (kept) photos.find((photo) => photo.id === id).blob = kept.blob;
  await change(spot, {});
}

function photoPart(spot) {
  const shelf = make("div", { className: "shelf" });
  const state = make("p", { className: "muted", role: "status" });
  const draw = () => shelf.replaceChildren(...photosOf(spot.number).map((photo) => photoCard(photo, draw)));
  const input = (isFresh) => make("input", { type: "file", accept: "image/*", multiple: !isFresh, capture: isFresh && "environment", className: "hidden", onchange: async (event) => {
    const files = [...event.target.files];
    try {
      for (const file of files) await addPhoto(spot, file, isFresh, (share) => { state.textContent = say("reading", Math.round(share * 100)); });
      state.textContent = "";
    } catch (error) {
      state.textContent = say("failed", error.message);
    }
    event.target.value = "";
    draw();
  } });
  draw();
  return part([say("photos"), required()], make("p", { className: "muted" }, say("photoHint")), shelf, state, make("div", { className: "row" },
    make("label", { className: "button strong" }, say("takePhoto"), input(true)), make("label", { className: "button" }, say("pickPhoto"), input(false))));
}

function photoCard(photo, redraw) {
  const facing = make("select", { "aria-label": say("facing"), onchange: () => keepPhoto(Object.assign(photo, { heading_deg: facing.value === "" ? null : Number(facing.value) })) },
    make("option", { value: "" }, `${say("facing")}：${say("unknown")}`),
    COMPASS.map(([degrees, zh, en]) => make("option", { value: String(degrees) }, `${say("facing")}：${language === "zh" ? zh : en}`)));
  facing.value = photo.heading_deg === null ? "" : String(photo.heading_deg);
  return make("div", { className: "photo" },
    photo.thumbnail ? make("img", { src: photo.thumbnail, alt: photo.name }) : make("span", { className: "file" }, "▣"),
    make("div", { className: "body" },
      make("div", { className: "line muted" }, photo.name, ` · ${bytes(photo.size)}`),
      facing,
      make("input", { type: "text", value: photo.note, maxlength: "200", placeholder: say("photoNote"), "aria-label": say("photoNote"), onchange: (event) => keepPhoto(Object.assign(photo, { note: event.target.value })) }),
      make("div", { className: "row" },
        make("label", { className: "check" }, make("input", { type: "checkbox", checked: photo.indoor, onchange: (event) => keepPhoto(Object.assign(photo, { indoor: event.target.checked })) }), say("indoor")),
        make("span", { className: "gap" }),
        make("button", { type: "button", className: "plain", onclick: async () => {
          if (!window.confirm(say("reallyRemove"))) return;
          photos.splice(photos.indexOf(photo), 1);
          await keeper.drop("photos", photo.id);
          await change(opened, {});
          redraw();
        } }, say("remove")))));
}
