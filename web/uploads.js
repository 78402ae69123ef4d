// The Uploads view: drop files, watch them become COMPLETED.

import { get } from "./api.js";
import { el, oncePerFrame, setHidden, setText } from "./dom.js";
import { Drawer } from "./drawer.js";
import { bytes, count, duration } from "./format.js";
import { List } from "./list.js";
import { filesOfDrop, filesOfFolder } from "./picked.js";
import { Pictures } from "./pictures.js";
import { createRow, drawRow } from "./row.js";
import { canRetry, groupOf, groups, Rows } from "./rows.js";
import { Sender } from "./sender.js";

const pageLimit = 200;
const rowsFirstMax = 2000; // older ones come by the button
const rateWindowMs = 5000;
const streamWaitMs = 3000;
const projectKey = "hoist.project";
const projectPattern = "[A-Za-z0-9._\\-]{1,64}";

class UploadsView {
  constructor({ live }) {
    this.live = live;
    this.project = localStorage.getItem(projectKey) || "default";
    this.group = "all";
    this.search = "";
    this.cursor = "";
    this.samples = []; // {at, sent}
    this.haveCount = 0;
    this.draw = oncePerFrame(() => this.drawNow());
    this.rows = new Rows(this.draw);
    this.sender = new Sender(this.rows, {
      onHave: () => {
        this.haveCount += 1;
        this.say(`${count(this.haveCount, "file")} already stored`);
      },
      onStop: (message) => this.say(message),
    });
    this.drawer = new Drawer({
      retry: (row) => this.sender.retry(row),
      removed: (row) => this.rows.drop(row),
    });
    this.pictures = new Pictures(this.rows, () => this.list.visibleItems());
    this.list = new List({
      label: "Files",
      rowHeight: () => (matchMedia("(max-width: 640px)").matches ? 76 : 64),
      create: createRow,
      draw: (node, row) => drawRow(node, row, (stale) => this.pictures.wanted(stale)),
      open: (row) => this.drawer.show(row),
    });
    this.build();
    this.draw();
    this.subscribe();
    live.onFresh(() => this.load());
    // Without a stream the list is shown all the same.
    setTimeout(() => { if (!this.loaded) this.load(); }, streamWaitMs);
    // The rate and the time left move even when nothing else does.
    setInterval(() => { if (this.sender.busy) this.draw(); }, 1000);
  }

  build() {
    this.buildDrop();
    this.buildTotals();
    this.buildFilters();
    this.notice = el("p", { class: "notice", role: "status", hidden: true });
    this.older = el("button", { type: "button", class: "older", hidden: true, onclick: () => this.loadPage() }, "Show older files");
    this.empty = el("p", { class: "empty", hidden: true });
    this.element = el("section", { class: "uploads" },
      this.dropZone, this.totals, this.filters, this.notice, this.list.element, this.empty, this.older,
      this.drawer.element);
    addEventListener("beforeunload", (event) => {
      if (this.sender.busy) event.preventDefault();
    });
  }

  buildDrop() {
    const picker = (attributes) => el("input", {
      type: "file", multiple: true, hidden: true, ...attributes,
      onchange: (event) => {
        const picked = [...event.target.files];
        this.add(attributes.webkitdirectory ? filesOfFolder(picked) : picked);
        event.target.value = "";
      },
    });
    const files = picker({ id: "pick-files" });
    const folder = picker({ id: "pick-folder", webkitdirectory: true });
    this.projectField = el("input", {
      id: "project", value: this.project, pattern: projectPattern, required: true, maxlength: 64, spellcheck: "false",
      autocomplete: "off", autocapitalize: "off", title: "Letters, digits, dot, dash and underscore; up to 64",
      onchange: () => this.chooseProject(),
    });
    this.dropZone = el("div", { class: "drop" },
      el("div", { class: "drop-text" },
        el("strong", {}, "Drop photos, files or folders here"),
        el("span", { class: "dim" }, "They go on by themselves if the connection breaks.")),
      el("div", { class: "drop-actions" },
        el("button", { type: "button", class: "primary", onclick: () => files.click() }, "Choose files"),
        el("button", { type: "button", onclick: () => folder.click() }, "Choose a folder"), files, folder,
        el("label", { class: "project" }, el("span", {}, "Project"), this.projectField)));
    const page = document.documentElement;
    page.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.dropZone.classList.add("over");
    });
    page.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) this.dropZone.classList.remove("over");
    });
    page.addEventListener("drop", async (event) => {
      event.preventDefault();
      this.dropZone.classList.remove("over");
      this.add(await filesOfDrop(event.dataTransfer));
    });
  }

  buildTotals() {
    this.totalText = el("span", { class: "total-text", "aria-live": "off" });
    this.totalRate = el("span", { class: "dim" });
    this.totalBar = el("progress", { max: 1, value: 0, "aria-label": "All files" });
    this.pauseButton = el("button", { type: "button", onclick: () => this.togglePause() }, "Pause");
    this.retryButton = el("button", { type: "button", onclick: () => this.retryAll() }, "Try failed again");
    this.totals = el("div", { class: "totals", hidden: true },
      el("div", { class: "totals-line" }, this.totalText, this.totalRate,
        el("div", { class: "totals-actions" }, this.retryButton, this.pauseButton)),
      this.totalBar);
  }

  buildFilters() {
    this.groupButtons = groups.map(({ id, title }) => {
      const number = el("span", { class: "number" });
      const button = el("button", { type: "button", "aria-pressed": "false", onclick: () => {
        this.group = id;
        this.list.element.scrollTop = 0;
        this.draw();
      } }, title, number);
      return { id, button, number };
    });
    this.searchField = el("input", {
      type: "search", placeholder: "Find by name", "aria-label": "Find by name",
      oninput: () => {
        this.search = this.searchField.value.trim().toLowerCase();
        this.draw();
      },
    });
    this.filters = el("div", { class: "filters" },
      el("div", { class: "groups", role: "group", "aria-label": "Show" }, this.groupButtons.map((entry) => entry.button)),
      this.searchField);
  }

  say(text) {
    setText(this.notice, text);
    this.notice.hidden = !text;
  }

  add(files) {
    if (files.length === 0) return;
    this.haveCount = 0;
    this.say("");
    this.sender.add(files, this.project);
  }

  chooseProject() {
    if (!this.projectField.checkValidity()) return this.projectField.reportValidity();
    if (this.sender.busy) {
      this.projectField.value = this.project;
      return this.say("Wait until the running uploads are sent, then change the project.");
    }
    this.project = this.projectField.value;
    localStorage.setItem(projectKey, this.project);
    this.say("");
    this.rows.clear();
    this.loaded = false;
    this.subscribe();
  }

  subscribe() {
    this.unsubscribe?.();
    this.unsubscribe = this.live.subscribe(`project:${this.project}`, (message) => {
      if (message.type === "upload") this.rows.accept({ ...message.upload, updated_at: message.at });
      if (message.type === "batch" && message.batch.finished_at) this.pictures.batchFinished(message.batch.id);
    });
  }

  // The server's state, the newest files first. What is known already is brought up to date, and
  // what the server no longer has goes.
  async load() {
    const run = (this.run = {});
    const seen = new Set();
    this.cursor = "";
    do {
      if (!(await this.loadPage(seen)) || this.run !== run) return;
    } while (this.cursor && this.rows.all.length < rowsFirstMax);
    if (this.cursor) return;
    for (const row of this.rows.all) if (row.record && !row.local && !seen.has(row.record.id)) this.rows.drop(row);
  }

  async loadPage(seen = new Set()) {
    const { project } = this;
    const query = new URLSearchParams({ project_id: project, limit: pageLimit });
    if (this.cursor) query.set("cursor", this.cursor);
    const page = await get(`/uploads?${query}`).catch((error) => this.say(error.message));
    if (!page || project !== this.project) return false;
    for (const record of page.uploads) {
      seen.add(record.id);
      this.rows.accept(record, { older: true });
    }
    this.cursor = page.next_cursor || "";
    this.loaded = true;
    this.draw();
    return true;
  }

  togglePause() {
    this.say("");
    if (this.sender.paused) this.sender.resumeAll();
    else this.sender.pauseAll();
  }

  retryAll() {
    for (const row of this.rows.all.filter(canRetry)) this.sender.retry(row);
  }

  drawNow() {
    const sums = this.rows.totals();
    const shown = this.rows.all.filter((row) =>
      (this.group === "all" || groupOf(row) === this.group) &&
      (!this.search || row.name.toLowerCase().includes(this.search)));
    this.list.setItems(shown);
    this.drawTotals(sums);
    for (const { id, button, number } of this.groupButtons) {
      setText(number, sums.groups[id].toLocaleString("en"));
      setHidden(button, id !== "all" && id !== this.group && sums.groups[id] === 0);
      button.setAttribute("aria-pressed", String(id === this.group));
    }
    setHidden(this.older, !this.cursor);
    setHidden(this.list.element, shown.length === 0);
    setHidden(this.empty, shown.length > 0 || !this.loaded);
    setText(this.empty, this.rows.all.length === 0 ? "Nothing here yet." : "No file matches.");
    setHidden(this.filters, this.rows.all.length === 0);
    this.dropZone.classList.toggle("small", this.rows.all.length > 0);
    this.drawer.refresh();
  }

  drawTotals(sums) {
    const { groups: by } = sums;
    const sending = this.sender.busy;
    setHidden(this.totals, sums.files === 0);
    const parts = [`${by.completed.toLocaleString("en")} of ${count(sums.files, "file")} completed`];
    if (by.checking) parts.push(`${by.checking.toLocaleString("en")} being checked`);
    if (by.failed) parts.push(`${by.failed.toLocaleString("en")} failed`);
    setText(this.totalText, parts.join(" · "));
    const rate = this.rate(sums.sent);
    const left = sums.bytes - sums.sent;
    let pace = sums.bytes > 0 ? `${bytes(sums.sent)} of ${bytes(sums.bytes)}` : "";
    const notice = sending ? this.sender.notice() : "";
    if (this.sender.paused) pace += " · paused";
    else if (notice) pace += ` · ${notice}`;
    else if (sending && rate > 0 && left > 0) pace += ` · ${bytes(Math.round(rate))}/s · ${duration(left / rate)} left`;
    setText(this.totalRate, pace);
    this.totalBar.value = sums.bytes > 0 && sending ? sums.sent / sums.bytes : (by.completed + by.failed) / Math.max(1, sums.files);
    setHidden(this.pauseButton, !sending && !this.sender.paused);
    setText(this.pauseButton, this.sender.paused ? "Resume" : "Pause");
    setHidden(this.retryButton, !this.rows.all.some(canRetry));
  }

  rate(sent) {
    const now = performance.now();
    this.samples.push({ at: now, sent });
    while (this.samples.length > 2 && now - this.samples[0].at > rateWindowMs) this.samples.shift();
    const first = this.samples[0];
    return now - first.at < 500 ? 0 : Math.max(0, ((sent - first.sent) * 1000) / (now - first.at));
  }
}

export const view = {
  id: "uploads",
  title: "Uploads",
  mount(context) {
    return new UploadsView(context).element;
  },
};
