// Brings files to the object endpoint: reads them, announces them in batches, and sends them through
// a window of parallel PUTs. Rows tell how far each is.

import * as api from "./api.js";
import { Link, partSizeAfter } from "./link.js";
import { pathOf, typeOf } from "./picked.js";
import { put, PutError } from "./put.js";
import { t } from "./words.js";

const batchFilesMax = 1000;
const batchFilesFirst = 64; // until the link has shown that it carries the answer
const batchWaitMs = 2000; // a batch is announced after this much reading, full or not
const parallel = 6;
const expiredMax = 10; // in a row
const hashBytesMax = 64 * 1024 * 1024; // crypto.subtle needs the whole file in memory
const partsWindow = 20;

function hexOf(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Absent for big files and where the page is not in a secure context; the server hashes anyway.
async function checksumOf(file) {
  if (!crypto.subtle || file.size > hashBytesMax) return undefined;
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return { algorithm: "sha256", value: hexOf(digest) };
}

// What is wrong with the file at `index` of a batch, in words.
function refusalOf(index, fields = [], fallback = t("refused")) {
  const prefix = `files[${index}].`;
  const own = fields.filter(({ field }) => field.startsWith(prefix));
  return own.map(({ field, reason }) => api.saidOf(field.slice(prefix.length), reason)).join(" ") || fallback;
}

export class Sender {
  // onHave(row): the server has it already; onStop(message): nothing more is sent until resumeAll()
  constructor(rows, { onHave, onStop }) {
    this.rows = rows;
    this.onHave = onHave;
    this.onStop = onStop;
    this.toApi = new Link(() => rows.onChange());
    this.toObjects = new Link(() => rows.onChange());
    this.batchFiles = batchFilesFirst;
    this.fresh = []; // rows to announce
    this.jobs = []; // {row, number}; number 0 is the whole file
    this.running = new Set(); // AbortControllers
    this.paused = false;
    this.preparing = false;
  }

  get busy() {
    return this.preparing || this.jobs.length > 0 || this.running.size > 0;
  }

  notice() {
    return this.toObjects.notice() || this.toApi.notice();
  }

  post(path, body) {
    return api.post(path, body, { link: this.toApi });
  }

  add(files, project) {
    const waiting = new Map(); // rows of an earlier visit that still need their file
    for (const row of this.rows.all)
      if (!row.file && row.record?.status === "PENDING") waiting.set(`${row.record.size}/${row.record.path || row.name}`, row);
    const added = [];
    for (const file of files) {
      const path = pathOf(file);
      const key = `${file.size}/${path || file.name}`;
      const earlier = waiting.get(key);
      if (earlier) {
        waiting.delete(key);
        earlier.file = file;
        earlier.mine = true;
        this.enqueue(earlier);
        continue;
      }
      added.push({
        name: file.name, path, size: file.size, type: typeOf(file), project, file,
        mine: true, record: null, local: "queued", message: "", loaded: new Map(), transfer: null,
      });
    }
    this.rows.addFiles(added);
    this.fresh.push(...added);
    this.prepare();
    this.pump();
  }

  pauseAll() {
    this.paused = true;
    for (const control of [...this.running]) control.abort();
    this.rows.onChange();
  }

  resumeAll() {
    this.paused = false;
    this.prepare();
    this.pump();
    this.rows.onChange();
  }

  retry(row) {
    row.message = "";
    if (row.record?.status === "PENDING") {
      row.transfer = null; // the old URL may be what failed
      this.enqueue(row);
    } else {
      row.record = null;
      row.local = "queued";
      this.fresh.push(row);
    }
    this.rows.onChange();
    this.prepare();
    this.pump();
  }

  async prepare() {
    if (this.preparing) return;
    this.preparing = true;
    while (this.fresh.length > 0 && !this.paused) {
      const group = await this.readGroup();
      if (group.length > 0) await this.announce(group).catch((error) => this.announceFailed(group, error));
      this.pump();
    }
    this.preparing = false;
    this.rows.onChange();
  }

  async readGroup() {
    const group = [];
    const until = performance.now() + batchWaitMs;
    while (this.fresh.length > 0 && group.length < this.batchFiles && performance.now() < until) {
      const row = this.fresh.shift();
      row.local = "hashing";
      try {
        row.checksum = await checksumOf(row.file);
        row.local = "queued";
        group.push(row);
      } catch {
        this.fail(row, t("unreadable"));
      }
      this.rows.onChange();
    }
    return group;
  }

  async announce(group) {
    const files = group.map((row) => ({
      filename: row.name, content_type: row.type, size: row.size, checksum: row.checksum, path: row.path || undefined,
    }));
    const answer = await this.post("/batches", { project_id: group[0].project, files });
    this.batchFiles = Math.min(batchFilesMax, 2 * this.batchFiles);
    for (const item of answer.items) this.takeItem(group[item.index], item);
  }

  announceFailed(group, error) {
    if (error.status !== 507) return this.failAll(group, error);
    this.fresh.unshift(...group);
    this.stop(error);
  }

  // Nothing can be sent, and trying again would change nothing: somebody has to act.
  stop(error) {
    if (this.paused) return;
    this.pauseAll();
    this.onStop(t("nothingSentUntilResume", { reason: error.message }));
  }

  takeItem(row, item) {
    if (item.action === "refused") return this.fail(row, refusalOf(item.index, item.error.errors, item.error.message));
    if (item.action === "have") {
      this.rows.drop(row);
      this.rows.accept(item.upload);
      return this.onHave(row);
    }
    this.rows.attach(row, item.upload);
    row.transfer = item.transfer;
    this.enqueue(row);
  }

  // A whole batch was refused; fields[] names what is wrong with which file.
  failAll(group, error) {
    group.forEach((row, index) => this.fail(row, refusalOf(index, error.fields, error.message)));
  }

  fail(row, message) {
    row.local = "error";
    row.message = message;
    this.jobs = this.jobs.filter((job) => job.row !== row);
    this.rows.onChange();
  }

  enqueue(row) {
    row.local = "queued";
    row.plan ||= 0; // counts the plans of parts; jobs of an earlier one are void
    this.jobs.push({ row, number: null, plan: row.plan });
    this.rows.onChange();
  }

  pump() {
    while (!this.paused && this.running.size < parallel && this.jobs.length > 0) {
      const control = new AbortController();
      this.running.add(control);
      this.run(this.jobs.shift(), control.signal).finally(() => {
        this.running.delete(control);
        this.rows.onChange();
        this.pump();
      });
    }
  }

  async run(job, signal) {
    const { row } = job;
    if (row.local === "error" || job.plan !== row.plan) return;
    row.local = "sending";
    try {
      if (job.number === null && !(await this.begin(job))) return;
      if (!(await this.send(job, signal))) return;
      if (job.number === 0 || this.partsMissing(row) === 0) await this.arrived(row);
    } catch (error) {
      if (error.name === "AbortError") {
        row.loaded.delete(job.number);
        row.local = "queued";
        this.jobs.unshift(job);
      } else if (error.status === 507) {
        row.local = "queued";
        this.jobs.unshift(job);
        this.stop(error);
      } else if (row.local !== "error" && row.local !== null && job.plan === row.plan) {
        this.fail(row, error.message);
      }
    }
  }

  // Makes sure there is a grant and turns a file in parts into one job per part. Answers whether the
  // job itself has something to send.
  async begin(job) {
    const { row } = job;
    if (!row.transfer || Date.parse(row.transfer.expires_at || row.transfer.multipart?.expires_at) < Date.now() + 10_000)
      await this.sign(row);
    const plan = row.transfer.multipart;
    if (!plan) {
      job.number = 0;
      return true;
    }
    row.urls ||= new Map();
    for (const part of plan.parts || []) row.urls.set(part.number, part.url);
    const missing = [];
    for (let number = 1; number <= plan.part_count; number += 1)
      if (!row.stored?.has(number)) missing.push(number);
    if (missing.length === 0) {
      await this.arrived(row);
      return false;
    }
    row.stored ||= new Set();
    job.number = missing.shift();
    this.jobs.unshift(...missing.map((number) => ({ row, number, plan: row.plan })));
    this.pump();
    return true;
  }

  // Fresh URLs for the whole file, or for the parts that the server does not have.
  async sign(row, numbers) {
    const answer = await this.post(`/uploads/${row.record.id}/parts`, numbers ? { numbers } : {});
    if (answer.transfer) {
      row.transfer = answer.transfer;
      return;
    }
    if (numbers && row.transfer?.multipart?.part_size !== answer.part_size) return; // cut meanwhile
    this.takePlan(row, answer);
    if (!numbers) this.takeStored(row, answer);
  }

  takePlan(row, answer) {
    row.transfer = { multipart: { part_size: answer.part_size, part_count: answer.part_count, parts: [], expires_at: answer.expires_at } };
    row.urls ||= new Map();
    for (const part of answer.parts) row.urls.set(part.number, part.url);
  }

  takeStored(row, answer) {
    row.stored = new Set(answer.stored);
    for (const number of row.stored) row.loaded.set(number, this.rangeOf(row, number).size);
  }

  // The file goes on in other parts than before, as jobs of their own.
  async cut(row, partSize) {
    if (row.cutting) return row.cutting;
    row.cutting = this.cutNow(row, partSize);
    try {
      return await row.cutting;
    } finally {
      row.cutting = null;
    }
  }

  async cutNow(row, partSize) {
    const answer = await this.post(`/uploads/${row.record.id}/parts`, { part_size: partSize });
    row.plan += 1;
    row.urls = new Map();
    row.loaded.clear();
    this.takePlan(row, answer);
    this.takeStored(row, answer);
    row.local = "queued";
    this.jobs = this.jobs.filter((job) => job.row !== row);
    this.jobs.unshift({ row, number: null, plan: row.plan });
    this.rows.onChange();
  }

  rangeOf(row, number) {
    if (number === 0) return { begin: 0, size: row.size };
    const begin = (number - 1) * row.transfer.multipart.part_size;
    return { begin, size: Math.min(row.transfer.multipart.part_size, row.size - begin) };
  }

  async urlOf(row, number) {
    if (number === 0) {
      if (!row.transfer) await this.sign(row);
      return row.transfer.url;
    }
    if (!row.urls.has(number)) {
      const numbers = [];
      for (let next = number; next <= row.transfer.multipart.part_count && numbers.length < partsWindow; next += 1)
        if (!row.stored.has(next) && !row.urls.has(next)) numbers.push(next);
      await this.sign(row, numbers);
    }
    return row.urls.get(number);
  }

  // Answers false when the job is void, because its file goes on in other parts.
  async send(job, signal) {
    const { row, number } = job;
    const began = Date.now();
    let breaks = 0;
    let expired = 0;
    for (let attempt = 1; ; attempt += 1) {
      const url = await this.urlOf(row, number);
      if (job.plan !== row.plan) return false;
      const { begin, size } = this.rangeOf(row, number);
      const headers = number === 0 ? row.transfer.headers : {};
      try {
        // A slice without a type: the signed Content-Type is set by the grant's headers alone.
        await put(url, headers, row.file.slice(begin, begin + size), (loaded) => {
          if (job.plan !== row.plan) return;
          row.loaded.set(number, loaded);
          this.rows.onChange();
        }, signal);
        this.toObjects.carried();
        if (job.plan !== row.plan) return false;
        row.loaded.set(number, size);
        row.stored?.add(number);
        return true;
      } catch (error) {
        await row.cutting; // to the server, the old parts are gone before we hear of the new plan
        if (job.plan !== row.plan) return false;
        const moved = row.loaded.get(number) > 0;
        row.loaded.delete(number);
        if (error.name === "AbortError" || signal.aborted) throw new DOMException("Paused", "AbortError");
        if (error.expired && (expired += 1) < expiredMax) {
          this.forgetUrl(row, number);
          continue;
        }
        if (!error.passing) {
          await this.refused(row, error);
          return true;
        }
        const smaller = error.status === 0 && moved
          ? partSizeAfter(row.size, size, (breaks += 1), this.toObjects.partBytes) : 0;
        if (smaller > 0) {
          if (number !== 0) this.toObjects.partBytes = smaller;
          await this.cut(row, smaller);
          return false;
        }
        if (this.toObjects.givenUp(began)) throw new PutError(0, t("nothingGetsThrough"));
        if (await this.toObjects.pause(attempt, error.retryAfter, signal)) attempt = 0;
        if (signal.aborted) throw new DOMException("Paused", "AbortError");
      }
    }
  }

  forgetUrl(row, number) {
    if (number === 0) row.transfer = null;
    else row.urls.delete(number);
  }

  // A repeated PUT is refused once the first one counted, even though its answer was lost. The server may not have
  // heard of that one yet, so it is asked to look.
  async refused(row, error) {
    if (error.full) throw error;
    const record = await this.post(`/uploads/${row.record.id}/complete`, {}).catch((refusal) => {
      throw refusal.status === 409 ? error : refusal;
    });
    this.rows.accept(record);
  }

  partsMissing(row) {
    return row.transfer?.multipart ? row.transfer.multipart.part_count - row.stored.size : 0;
  }

  async arrived(row) {
    if (row.transfer?.multipart) {
      this.rows.accept(await this.post(`/uploads/${row.record.id}/complete`, {}));
    }
    // The live stream may have been faster; it is not told back to an older state.
    if (row.record.status === "PENDING") row.record = { ...row.record, status: "UPLOADED" };
    row.local = null;
    row.file = null;
    row.transfer = null;
    this.rows.onChange();
  }
}
