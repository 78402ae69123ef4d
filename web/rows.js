// What the list shows: one row per file, known here, to the server, or both.
//
// row = {
//   name, path, size, type, project,      path: with the folders it lay in, when they are known
//   file,      the File while this tab has it
//   record,    the server's upload, once there is one
//   local,     what this tab does with it: queued, hashing, sending, error; null when it is the server's turn
//   message,   why it failed here
//   loaded,    Map of part number -> bytes sent
// }

const settled = new Set(["COMPLETED", "FAILED", "EXPIRED", "CANCELLED", "DELETED"]);
const gone = new Set(["CANCELLED", "DELETED"]);

const labels = {
  queued: "Waiting to upload", hashing: "Reading", sending: "Uploading", error: "Not uploaded",
  PENDING: "File needed", UPLOADED: "Uploaded", PROCESSING: "Checking", COMPLETED: "Completed",
  FAILED: "Failed", EXPIRED: "Expired",
};

const stages = {
  queued: "In the queue", scanning: "Scanning for viruses", inspecting: "Inspecting", previewing: "Making previews",
  quarantined: "In quarantine",
};
const stagesOf = { UPLOADED: ["queued"], PROCESSING: ["scanning", "inspecting", "previewing"], FAILED: ["quarantined"] };

// News of a stage may be older than the state.
function stageOf(row) {
  const stage = row.record?.stage;
  return stagesOf[phaseOf(row)]?.includes(stage) ? stages[stage] : "";
}

export const groups = [
  { id: "all", title: "All" },
  { id: "uploading", title: "Uploading" },
  { id: "checking", title: "Checking" },
  { id: "completed", title: "Completed" },
  { id: "failed", title: "Failed" },
];

export function phaseOf(row) {
  return row.local || row.record.status;
}

export function labelOf(row) {
  return stageOf(row) || labels[phaseOf(row)] || phaseOf(row);
}

export function groupOf(row) {
  const phase = phaseOf(row);
  if (phase === "COMPLETED") return "completed";
  if (phase === "UPLOADED" || phase === "PROCESSING") return "checking";
  if (phase === "error" || phase === "FAILED" || phase === "EXPIRED") return "failed";
  return "uploading";
}

export function reasonOf(row) {
  if (row.local === "error") return row.message;
  if (row.local) return "";
  if (row.record.error) return row.record.error.message;
  if (row.record.status === "PENDING") {
    const { parts, part_count } = row.record.received || {};
    const arrived = parts ? `${parts} of ${part_count} parts have arrived. ` : "";
    return `${arrived}Drop this file again to go on with its upload`;
  }
  if (row.record.status === "EXPIRED") return "The file did not arrive in time";
  return "";
}

export function folderOf(row) {
  const path = row.path || row.record?.path || "";
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function bytesSent(row) {
  if (row.record && row.record.status !== "PENDING") return row.size;
  if (!row.local && row.record?.received) return row.record.received.bytes;
  let sum = 0;
  for (const loaded of row.loaded.values()) sum += loaded;
  return Math.min(sum, row.size);
}

export function thumbnailOf(row, size) {
  return row.record?.thumbnails?.find((picture) => picture.size === size)?.url || "";
}

export function canRetry(row) {
  return row.local === "error" && Boolean(row.file);
}

export class Rows {
  constructor(onChange) {
    this.all = []; // the newest first
    this.byId = new Map();
    this.onChange = onChange;
  }

  clear() {
    this.all = [];
    this.byId.clear();
    this.onChange();
  }

  // Files dropped together keep their order, above what was there.
  addFiles(rows) {
    this.all = rows.concat(this.all);
    this.onChange();
  }

  drop(row) {
    this.all = this.all.filter((other) => other !== row);
    if (row.record && this.byId.get(row.record.id) === row) this.byId.delete(row.record.id);
    this.onChange();
  }

  attach(row, record) {
    row.record = record;
    this.byId.set(record.id, row);
  }

  // What the server says about an upload. Older news than what is known are ignored.
  accept(record, { older = false } = {}) {
    const row = this.byId.get(record.id);
    if (!row) {
      // News of a file that was deleted since have no name.
      if (gone.has(record.status) || record.filename === undefined) return;
      const added = {
        name: record.filename, size: record.size, type: record.content_type, project: record.project_id,
        file: null, record, local: null, message: "", loaded: new Map(),
      };
      if (older) this.all.push(added);
      else this.all.unshift(added);
      this.byId.set(record.id, added);
      return this.onChange();
    }
    if (row.record.updated_at > record.updated_at) return;
    if (gone.has(record.status)) return this.drop(row);
    row.record = { ...row.record, ...record };
    if (record.status !== "PENDING") row.local = null;
    if (settled.has(record.status)) row.file = null; // lets the memory go
    this.onChange();
  }

  totals() {
    const sums = { files: this.all.length, bytes: 0, sent: 0, groups: { all: this.all.length } };
    for (const { id } of groups) if (id !== "all") sums.groups[id] = 0;
    for (const row of this.all) {
      sums.groups[groupOf(row)] += 1;
      if (row.local === "error" || phaseOf(row) === "PENDING") continue; // nothing is on its way
      sums.bytes += row.size;
      sums.sent += bytesSent(row);
    }
    return sums;
  }
}
