// Files out of a drop or a file field, folders walked through.

const paths = new WeakMap(); // File -> where it lay below what was dropped

// With the folder's own name, so that two folders stay apart: "site/floor-1/a.jpg"; empty for a file alone.
export function pathOf(file) {
  const path = paths.get(file) || file.webkitRelativePath || "";
  return path.includes("/") ? path : "";
}

// Is it a file that no person put there?
function isHidden(name) {
  return name.startsWith(".") || name === "Thumbs.db" || name === "desktop.ini";
}

export function filesOfFolder(files) {
  return files.filter((file) => !file.webkitRelativePath.split("/").slice(1).some(isHidden));
}

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
    paths.set(file, entry.fullPath.replace(/^\//, ""));
    files.push(file);
    return;
  }
  const entries = await readAll(entry.createReader());
  const shown = entries.filter((child) => !isHidden(child.name));
  for (const child of shown.sort((a, b) => a.name.localeCompare(b.name))) await walk(child, files);
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
