// node photos.cjs FOLDER COUNT WIDTH HEIGHT: photographs for the benchmarks, each another file.
// Up to 48 are encoded, with EXIF position, camera and orientation; the others are those with a comment of their own.
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const sharp = require('sharp');

const [folder, ...numbers] = process.argv.slice(2);
const [count, width, height] = numbers.map(Number);
const exif = {
  IFD0: { Make: 'Acme', Model: 'Site 1', Orientation: '6', DateTime: '2026:01:02 03:04:05' },
  IFD3: {
    GPSLatitudeRef: 'S',
    GPSLatitude: '33/1 26/1 30/1',
    GPSLongitudeRef: 'W',
    GPSLongitude: '70/1 39/1 0/1',
  },
};

// Shapes of a large scale under grain of a small one: compresses like a photograph, to about 0.35 bytes a pixel.
async function base() {
  const noise = (w, h) => sharp(crypto.randomBytes(w * h * 3), { raw: { width: w, height: h, channels: 3 } });
  const shapes = await noise(24, 18).resize(width, height, { kernel: 'cubic' }).raw().toBuffer();
  const grain = crypto.randomBytes(shapes.length);
  for (let i = 0; i < shapes.length; i++)
    shapes[i] = Math.max(0, Math.min(255, shapes[i] + ((grain[i] & 31) - 16)));
  return shapes;
}

// Inserts a comment segment behind the start-of-image marker.
function commented(jpeg, text) {
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xfe, 0, text.length + 2]);
  return Buffer.concat([head, Buffer.from(text), jpeg.subarray(2)]);
}

async function encode(pixels, shift) {
  const at = (shift % height) * width * 3;
  const shifted = Buffer.concat([pixels.subarray(at), pixels.subarray(0, at)]);
  return sharp(shifted, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 88 })
    .withExif(exif)
    .toBuffer();
}

async function run() {
  const pixels = [await base(), await base()];
  const encoded = [];
  for (let n = 0; n < count; n++) {
    const name = `photo-${String(n).padStart(5, '0')}.jpg`;
    if (n < 48) encoded.push(await encode(pixels[n % 2], n * 977));
    fs.writeFileSync(path.join(folder, name), commented(encoded[n % 48], name));
  }
}
run();
