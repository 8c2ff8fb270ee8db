// Degrees, metres and the plane of web maps.
const EARTH_M = 6378137;

function toPlane([lon, lat]) {
  return [EARTH_M * lon * Math.PI / 180, EARTH_M * Math.log(Math.tan(Math.PI / 4 + lat * Math.PI / 360))];
}

function toDegrees([x, y]) {
  return [x / EARTH_M * 180 / Math.PI, (2 * Math.atan(Math.exp(y / EARTH_M)) - Math.PI / 2) * 180 / Math.PI];
}

function distanceBetween([lon1, lat1], [lon2, lat2]) {
  const rad = Math.PI / 180;
  const h = Math.sin((lat2 - lat1) * rad / 2) ** 2 + Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.sin((lon2 - lon1) * rad / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(h));
}

const here = { position: null, watching: false, listeners: new Set() };

function readFix(fix) {
  here.position = { lon: fix.coords.longitude, lat: fix.coords.latitude, accuracy_m: fix.coords.accuracy, at: new Date(fix.timestamp).toISOString() };
  here.listeners.forEach((listener) => listener());
}

// Ask the phone once for a fresh fix; from then on follow it, for distances and the map.
function locate() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) {
      reject(new Error("no geolocation"));
      return;
    }
    navigator.geolocation.getCurrentPosition((fix) => {
      readFix(fix);
      if (!here.watching) {
        here.watching = true;
        navigator.geolocation.watchPosition(readFix, () => {}, { enableHighAccuracy: true, maximumAge: 5000 });
      }
      resolve(here.position);
    }, (error) => reject(error), { enableHighAccuracy: true, timeout: 20000, maximumAge: 10000 });
  });
}
