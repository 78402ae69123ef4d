// The server's list of files, page by page, as the answer to one question at a time. A new question makes
// answers to the one before void, however late they come.

import { get } from "./api.js";

const pageLimit = 200;
const rowsFirst = 2000; // asked for at once; what is older, when somebody gets there

export class Pages {
  // take(record); changed(); failed(error); ended(seen): the whole answer is known
  constructor({ take, changed, failed, ended }) {
    this.take = take;
    this.changed = changed;
    this.failed = failed;
    this.ended = ended;
    this.generation = 0;
    this.clear();
  }

  clear() {
    this.generation += 1;
    this.asked = this.loaded = this.loading = false;
    this.seen = new Set();
    this.lists = [];
  }

  // The project's files; in one of these states, and with `search` in their names, if there are any.
  ask(project, states, search) {
    this.clear();
    this.asked = true;
    this.lists = (states.length > 0 ? states : [""]).map((status) => ({ project, status, search, cursor: "", done: false }));
    return this.read(rowsFirst);
  }

  more() {
    if (this.loaded && !this.loading && !this.complete) this.read(pageLimit);
  }

  get complete() {
    return this.loaded && this.lists.every((list) => list.done);
  }

  // Is it a file that the list has not come to yet?
  isAhead(id) {
    return this.lists.some((list) => !list.done && list.last && id < list.last);
  }

  async read(rows) {
    const { generation } = this;
    this.loading = true;
    const until = this.seen.size + rows;
    for (const list of this.lists) {
      while (!list.done && this.seen.size < until) {
        const page = await get(`/uploads?${this.query(list)}`).catch((error) => error);
        if (generation !== this.generation) return;
        if (!page?.uploads) {
          this.loading = false;
          return this.failed(page);
        }
        this.takePage(list, page);
      }
    }
    this.loading = false;
    if (this.complete) this.ended(this.seen);
    this.changed();
  }

  query({ project, status, search, cursor }) {
    const query = new URLSearchParams({ project_id: project, limit: pageLimit });
    for (const [name, value] of Object.entries({ status, search, cursor })) if (value) query.set(name, value);
    return query;
  }

  takePage(list, page) {
    for (const record of page.uploads) {
      this.seen.add(record.id);
      this.take(record);
      list.last = record.id;
    }
    list.cursor = page.next_cursor;
    list.done = !page.next_cursor;
    this.loaded = true;
    this.changed();
  }
}
