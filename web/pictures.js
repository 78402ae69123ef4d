// Addresses of thumbnails, for rows that completed while we watched (the stream does not carry them)
// and for rows whose address has ended. Asks for what is on the screen, below the server's limit of
// calls a minute; a finished batch is read page by page instead.

import { get, pause } from "./api.js";

const callsPerMinuteMax = 45;
const sameRowMs = 30_000; // the same row is not asked for more often than this
const pageLimit = 200;

export class Pictures {
  constructor(rows, visible) {
    this.rows = rows;
    this.visible = visible;
    this.queue = new Set();
    this.asked = new WeakMap(); // row -> time
    this.calls = []; // times of the last minute
    this.running = false;
    this.batches = new Set(); // being read
  }

  wanted(row) {
    if (performance.now() - (this.asked.get(row) ?? -Infinity) < sameRowMs) return;
    this.queue.add(row);
    this.run();
  }

  async run() {
    if (this.running) return;
    this.running = true;
    while (this.queue.size > 0) {
      const onScreen = new Set(this.visible());
      for (const row of this.queue) if (!onScreen.has(row)) this.queue.delete(row);
      const [row] = this.queue;
      if (!row) break;
      this.queue.delete(row);
      this.asked.set(row, performance.now());
      await this.turn();
      const record = await get(`/uploads/${row.record.id}`).catch(() => null);
      if (record) this.rows.accept(record);
    }
    this.running = false;
  }

  async turn() {
    for (;;) {
      const now = performance.now();
      this.calls = this.calls.filter((at) => now - at < 60_000);
      if (this.calls.length < callsPerMinuteMax) break;
      await pause(1000);
    }
    this.calls.push(performance.now());
  }

  async batchFinished(id) {
    const lacks = (row) => row.record?.batch_id === id && row.record.status === "COMPLETED" && !row.record.thumbnails;
    if (this.batches.has(id) || !this.rows.all.some(lacks)) return;
    this.batches.add(id);
    let cursor = "";
    do {
      await this.turn();
      const query = new URLSearchParams({ batch_id: id, limit: pageLimit });
      if (cursor) query.set("cursor", cursor);
      const page = await get(`/uploads?${query}`).catch(() => ({ uploads: [] }));
      for (const record of page.uploads) this.rows.accept(record);
      cursor = page.next_cursor;
    } while (cursor);
    this.batches.delete(id);
  }
}
