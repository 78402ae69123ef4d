// Files out of a drop or a file field, folders walked through.

const hidden = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

function readAll(reader) {
  // readEntries answers up to 100 at a time, and an empty list at the end.
  return new Promise((resolve, reject) => {
    const all = [];
    const next = () => reader.readEntries((some) => {
      if (some.length === 0) return resolve(all);
      all.push(...some);
      next();
    }, reject);
    next();
  });
}

async function walk(entry, files) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); });
    if (!hidden.has(file.name)) files.push(file);
    return;
  }
  const entries = await readAll(entry.createReader());
  for (const child of entries.sort((a, b) => a.name.localeCompare(b.name))) await walk(child, files);
}

export async function filesOfDrop(transfer) {
  // Entries must be taken before the first await: the list is emptied when the event ends.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return [...transfer.files];
  const files = [];
  for (const entry of entries) await walk(entry, files);
  return files;
}

const types = {
  heic: "image/heic", heif: "image/heif", tif: "image/tiff", tiff: "image/tiff", webp: "image/webp",
  jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", pdf: "application/pdf",
};

// Browsers leave the type empty where the system does not know it, and some add parameters.
export function typeOf(file) {
  const extension = file.name.split(".").pop().toLowerCase();
  const given = file.type.split(";")[0].trim().toLowerCase();
  return given || types[extension] || "application/octet-stream";
}
