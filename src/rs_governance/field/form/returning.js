// The return file: made piece by piece, so that no more than a portion of a photo is in memory.
const PORTION = 3 << 18; // a multiple of three bytes, so that the pieces of base64 join
const CHINA_MS = 8 * 3600 * 1000; // China's clock before UTC

function base64Of(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function started() {
  return spots.filter((spot) => spot.record.started_at).map((spot) => spot.record);
}

function photosOf(number) {
  return photos.filter((photo) => photo.number === number);
}

async function makeReturn(told) {
  const total = Math.max(1, photos.reduce((sum, photo) => sum + photo.size, 0));
  const head = { format: "rs_governance.return", version: 1, export: DATA.export.number, receiver: DATA.export.receiver, saved_at: new Date().toISOString() };
  const parts = [`${JSON.stringify(head).slice(0, -1)},"cases":[`];
  let written = 0;
  for (const [place, record] of started().entries()) {
    parts.push(`${place ? "," : ""}${JSON.stringify(record).slice(0, -1)},"photos":[`);
    for (const [index, photo] of photosOf(record.number).entries()) {
      const { name, sha256, type, taken_at, lon, lat, heading_deg, indoor, note } = photo;
      const fields = JSON.stringify({ name, sha256, type, taken_at, lon, lat, heading_deg, indoor, note });
      parts.push(`${index ? "," : ""}${fields.slice(0, -1)},"data":"`);
      for (let at = 0; at < photo.blob.size; at += PORTION) {
        parts.push(new Blob([await base64Of(photo.blob.slice(at, at + PORTION))]));
        written += Math.min(PORTION, photo.blob.size - at);
        told(written / total);
      }
      parts.push("\"}");
    }
    parts.push("]}");
  }
  parts.push("]}\n");
  return new Blob(parts, { type: "application/json" });
}

function returnName() {
  // The district's clock, whatever the phone is set to: the office sorts the files by it.
  const time = new Date(Date.now() + CHINA_MS).toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-");
  return `${DATA.export.number}_${DATA.export.receiver.replace(/[^\w-]/g, "-")}_${time}.json`;
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// Read a return file back, to go on on another phone.
async function takeReturn(file) {
  const content = JSON.parse(await file.text());
  if (content.format !== "rs_governance.return" || content.export !== DATA.export.number || !Array.isArray(content.cases)) {
    throw new Error(say("notOurs", DATA.export.number));
  }
  let taken = 0;
  for (const { photos: sent, ...record } of content.cases) {
    const spot = spots.find((each) => each.number === record.number);
    if (!spot) continue;
    taken += 1;
    spot.record = { ...emptyRecord(spot), ...record };
    await keeper.put("records", spot.record);
    for (const { data, ...fields } of sent || []) {
      if (!data || photos.some((photo) => photo.number === record.number && photo.sha256 === fields.sha256)) continue;
      const binary = atob(data);
      const blob = new Blob([Uint8Array.from(binary, (letter) => letter.charCodeAt(0))], { type: fields.type });
      await keepPhoto({ ...fields, id: `${record.number}/${fields.sha256}`, number: record.number, blob, size: blob.size, thumbnail: await thumbnailOf(blob) });
    }
  }
  return taken;
}
