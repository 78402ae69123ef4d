// node sharp.cjs FOLDER SIZE[,SIZE] COUNT: thumbnails of the folder's photos, one call for each size, one photo at a time.
// Prints {"images", "seconds", "cpu_s"}; the CPU is this process's own, start-up left out.
const fs = require('fs');
const path = require('path');
const sharp = require('sharp');

const [folder, sizes, count] = process.argv.slice(2);
sharp.concurrency(1);
sharp.cache(false);

async function run() {
  const photos = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .slice(0, Number(count));
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  let bytes = 0;
  for (const name of photos)
    for (const size of sizes.split(',').map(Number)) {
      const out = await sharp(path.join(folder, name))
        .rotate()
        .resize(size, size, { fit: 'inside' })
        .jpeg({ quality: 80 })
        .toBuffer();
      bytes += out.length;
    }
  const used = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({
      images: photos.length,
      seconds: Number(process.hrtime.bigint() - began) / 1e9,
      cpu_s: (used.user + used.system) / 1e6,
      bytes,
    }),
  );
}
run();
