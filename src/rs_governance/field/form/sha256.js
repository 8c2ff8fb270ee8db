// SHA-256 of a file in portions: the browser's own wants the whole file at once, and is absent where a page is no secure context.
const SHA_K = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (root) => (root - Math.floor(root)) * 2 ** 32 | 0;
  return { start: primes.slice(0, 8).map((p) => fraction(Math.sqrt(p))), rounds: Int32Array.from(primes, (p) => fraction(Math.cbrt(p))) };
})();

function newHash() {
  const h = Int32Array.from(SHA_K.start), w = new Int32Array(64), rest = new Uint8Array(64);
  let held = 0, total = 0;

  function block(data, at) {
    for (let i = 0; i < 16; i += 1, at += 4) w[i] = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3];
    for (let i = 16; i < 64; i += 1) {
      const a = w[i - 15], b = w[i - 2];
      const s0 = (a >>> 7 | a << 25) ^ (a >>> 18 | a << 14) ^ a >>> 3;
      const s1 = (b >>> 17 | b << 15) ^ (b >>> 19 | b << 13) ^ b >>> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1 | 0;
    }
    let [a, b, c, d, e, f, g, k] = h;
    for (let i = 0; i < 64; i += 1) {
      const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
      const t1 = k + s1 + (e & f ^ ~e & g) + SHA_K.rounds[i] + w[i] | 0;
      const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
      const t2 = s0 + (a & b ^ a & c ^ b & c) | 0;
      k = g; g = f; f = e; e = d + t1 | 0; d = c; c = b; b = a; a = t1 + t2 | 0;
    }
    [a, b, c, d, e, f, g, k].forEach((value, place) => { h[place] = h[place] + value | 0; });
  }

  return {
    add(data) {
      let at = 0;
      total += data.length;
      if (held) {
        at = Math.min(64 - held, data.length);
        rest.set(data.subarray(0, at), held);
        held += at;
        if (held < 64) return;
        block(rest, 0);
      }
      for (; at + 64 <= data.length; at += 64) block(data, at);
      rest.set(data.subarray(at));
      held = data.length - at;
    },
    hex() {
      const end = new Uint8Array(held < 56 ? 64 : 128);
      end.set(rest.subarray(0, held));
      end[held] = 128;
      const view = new DataView(end.buffer);
      view.setUint32(end.length - 8, Math.floor(total / 2 ** 29));
      view.setUint32(end.length - 4, total * 8 >>> 0);
      for (let at = 0; at < end.length; at += 64) block(end, at);
      return Array.from(h, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
    },
  };
}

async function hashOf(blob, told) {
  const hash = newHash(), portion = 1 << 20;
  for (let at = 0; at < blob.size; at += portion) {
    hash.add(new Uint8Array(await blob.slice(at, at + portion).arrayBuffer()));
    if (told) told(Math.min(1, (at + portion) / blob.size));
  }
  return hash.hex();
}
