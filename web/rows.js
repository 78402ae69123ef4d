// What the list shows: one row per file, known here, to the server, or both.
//
// row = {
//   name, path, size, type, project,      path: with the folders it lay in, when they are known
//   file,      the File while this tab has it
//   record,    the server's upload, once there is one
//   local,     what this tab does with it: queued, hashing, sending, error; null when it is the server's turn
//   message,   why it failed here
//   loaded,    Map of part number -> bytes sent
//   mine,      it was chosen in this tab
//   leaving,   it is deleted as soon as nobody can undo that any more
// }

import { t } from "./words.js";

const settled = new Set(["COMPLETED", "FAILED", "EXPIRED", "CANCELLED", "DELETED"]);
const gone = new Set(["CANCELLED", "DELETED"]);

const labels = {
  queued: "queuedHere", hashing: "hashing", sending: "sending", error: "notUploaded",
  PENDING: "pending", UPLOADED: "uploaded", PROCESSING: "processing", COMPLETED: "completed",
  FAILED: "failed", EXPIRED: "expired",
};

const stages = {
  queued: "stageQueued", scanning: "stageScanning", inspecting: "stageInspecting", previewing: "stagePreviewing",
  quarantined: "stageQuarantined",
};
const stagesOf = { UPLOADED: ["queued"], PROCESSING: ["scanning", "inspecting", "previewing"], FAILED: ["quarantined"] };

// News of a stage may be older than the state.
function stageOf(row) {
  const stage = row.record?.stage;
  return stagesOf[phaseOf(row)]?.includes(stage) ? t(stages[stage]) : "";
}

export const groups = [
  { id: "all", title: "all", states: [] },
  { id: "uploading", title: "groupUploading", states: ["PENDING"] },
  { id: "checking", title: "groupChecking", states: ["UPLOADED", "PROCESSING"] },
  { id: "completed", title: "groupCompleted", states: ["COMPLETED"] },
  { id: "failed", title: "groupFailed", states: ["FAILED", "EXPIRED"] },
];

export function phaseOf(row) {
  return row.local || row.record.status;
}

export function labelOf(row) {
  const phase = phaseOf(row);
  return stageOf(row) || (labels[phase] ? t(labels[phase]) : phase);
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
    const arrived = parts ? `${t("partsArrived", { parts, count: part_count })} ` : "";
    return arrived + t("dropAgain");
  }
  if (row.record.status === "EXPIRED") return t("notInTime");
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

// Here, where the file still is, or on the server, which keeps what it failed, unless it is infected.
export function canRetry(row) {
  if (row.leaving) return false;
  if (row.local === "error") return Boolean(row.file);
  return !row.local && row.record?.status === "FAILED" && row.record.stage !== "quarantined";
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

  // By age, which is in the id: the place is mostly at an end of the list.
  insert(row, older) {
    const isNewer = (other) => !other.record || other.record.id > row.record.id;
    const after = older ? this.all.findLastIndex(isNewer) + 1 : this.all.findIndex((other) => !isNewer(other));
    this.all.splice(after < 0 ? this.all.length : after, 0, row);
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
      this.insert(added, older);
      this.byId.set(record.id, added);
      return this.onChange();
    }
    if (row.record.updated_at > record.updated_at) return;
    // A file that is tried again has no reason to have failed any more.
    if (record.status !== row.record.status) delete row.record.error;
    if (gone.has(record.status)) return this.drop(row);
    row.record = { ...row.record, ...record };
    if (record.status !== "PENDING") row.local = null;
    if (settled.has(record.status)) row.file = null; // lets the memory go
    this.onChange();
  }

  // Of the files chosen in this tab: how much there is to send, and how much has been sent.
  sending() {
    const sums = { bytes: 0, sent: 0 };
    for (const row of this.all) {
      if (!row.mine || row.local === "error" || phaseOf(row) === "PENDING") continue; // nothing is on its way
      sums.bytes += row.size;
      sums.sent += bytesSent(row);
    }
    return sums;
  }
}
