// Files that were deleted a moment ago: they are off the list, and the server is only asked when the time to
// undo it is over or the page is left.

import { remove, removeWhileLeaving } from "./api.js";

const undoMs = 8000;

export class Trash {
  // changed(): others wait than before; gone(row); failed(row, error): it stays
  constructor({ changed, gone, failed }) {
    this.changed = changed;
    this.gone = gone;
    this.failed = failed;
    this.rows = new Set();
    this.timer = 0;
    addEventListener("pagehide", () => {
      for (const row of this.rows) removeWhileLeaving(`/uploads/${row.record.id}`);
    });
  }

  // One time for all, from the last one on.
  add(row) {
    row.leaving = true;
    this.rows.add(row);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.empty(), undoMs);
    this.changed();
  }

  undo() {
    clearTimeout(this.timer);
    for (const row of this.rows) row.leaving = false;
    this.rows.clear();
    this.changed();
  }

  async empty() {
    clearTimeout(this.timer);
    const rows = [...this.rows];
    this.rows.clear();
    this.changed();
    await Promise.all(rows.map((row) => this.delete(row)));
  }

  async delete(row) {
    try {
      await remove(`/uploads/${row.record.id}`);
    } catch (error) {
      if (error.status !== 404) {
        row.leaving = false;
        return this.failed(row, error);
      }
    }
    this.gone(row);
  }
}
