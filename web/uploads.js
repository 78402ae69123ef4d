// The Uploads view: drop files, watch them become COMPLETED.

import { post } from "./api.js";
import { Counts } from "./counts.js";
import { el, oncePerFrame, setHidden, setText } from "./dom.js";
import { Drawer } from "./drawer.js";
import { bytes, duration } from "./format.js";
import { List } from "./list.js";
import { Pages } from "./pages.js";
import { filesOfDrop, filesOfFolder } from "./picked.js";
import { Pictures } from "./pictures.js";
import { ProjectField } from "./project_field.js";
import { createRow, drawRow } from "./row.js";
import { canRetry, folderOf, groupOf, groups, Rows } from "./rows.js";
import { Sender } from "./sender.js";
import { Trash } from "./trash.js";
import { number, t } from "./words.js";

const rateWindowMs = 5000;
const streamWaitMs = 3000;
const typingMs = 300; // of silence, before the server is asked for a name

class UploadsView {
  constructor({ live }) {
    this.live = live;
    this.project = "";
    this.group = groups[0];
    this.search = "";
    this.waiting = []; // files, until it is clear which project they go to
    this.samples = []; // {at, sent}
    this.haveCount = 0;
    this.draw = oncePerFrame(() => this.drawNow());
    this.rows = new Rows(this.draw);
    this.counts = new Counts(this.draw);
    this.pages = new Pages({
      take: (record) => this.rows.accept(record, { older: true }),
      changed: this.draw,
      failed: (error) => this.say(error.message),
      ended: (seen) => {
        this.allHere = !this.isNarrowed();
        this.forgetOthers(seen);
      },
    });
    this.sender = new Sender(this.rows, {
      onHave: () => {
        this.haveCount += 1;
        this.say(t("alreadyStored", { count: this.haveCount }));
      },
      onStop: (message) => this.say(message),
    });
    this.trash = new Trash({
      changed: () => this.drawTrash(),
      gone: (row) => this.rows.drop(row),
      failed: (row, error) => {
        this.say(t("notDeleted", { name: row.name, reason: error.message }));
        this.draw();
      },
    });
    this.drawer = new Drawer({
      retry: (row) => this.retry(row),
      removed: (row) => (row.record ? this.trash.add(row) : this.rows.drop(row)),
    });
    this.pictures = new Pictures(this.rows, () => this.list.visibleItems());
    this.list = new List({
      label: t("files"),
      rowHeight: () => (matchMedia("(max-width: 640px)").matches ? 76 : 64),
      create: createRow,
      draw: (node, row) => drawRow(node, row, (stale) => this.pictures.wanted(stale)),
      open: (row) => this.drawer.show(row),
      nearEnd: () => this.pages.more(),
    });
    this.build();
    this.field.first().then((project) => {
      this.open(project);
      this.goOn();
    });
    live.onFresh(() => this.load());
    // The rate and the time left move even when nothing else does.
    setInterval(() => { if (this.sender.busy) this.draw(); }, 1000);
  }

  build() {
    this.buildDrop();
    this.buildTotals();
    this.buildFilters();
    this.notice = el("p", { class: "notice", role: "status", hidden: true });
    this.empty = el("p", { class: "empty", hidden: true });
    this.undoText = el("span", {});
    this.undo = el("div", { class: "undo", role: "status", hidden: true }, this.undoText,
      el("button", { type: "button", onclick: () => this.trash.undo() }, t("undo")));
    this.element = el("section", { class: "uploads" },
      el("h1", { class: "unseen" }, t("uploads")), this.dropZone, this.totals, this.filters, this.notice, this.list.element,
      this.empty, this.undo, this.drawer.element);
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
    this.field = new ProjectField({ chosen: () => this.goOn() });
    this.dropZone = el("div", { class: "drop" },
      el("div", { class: "drop-text" },
        el("strong", {}, t("dropHere")),
        el("span", { class: "dim" }, t("dropPromise"))),
      el("div", { class: "drop-actions" },
        el("button", { type: "button", class: "primary", onclick: () => files.click() }, t("chooseFiles")),
        el("button", { type: "button", onclick: () => folder.click() }, t("chooseFolder")), files, folder,
        this.field.element),
      this.field.wrong);
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
    this.totalBar = el("progress", { max: 1, value: 0, "aria-label": t("progressAll") });
    this.pauseButton = el("button", { type: "button", onclick: () => this.togglePause() }, t("pause"));
    this.retryButton = el("button", { type: "button", onclick: () => this.retryAll() }, t("retryFailed"));
    this.totals = el("div", { class: "totals", hidden: true },
      el("div", { class: "totals-line" }, this.totalText, this.totalRate,
        el("div", { class: "totals-actions" }, this.retryButton, this.pauseButton)),
      this.totalBar);
  }

  buildFilters() {
    this.groupButtons = groups.map((group) => {
      const amount = el("span", { class: "number" });
      const button = el("button", { type: "button", "aria-pressed": "false", onclick: () => this.narrow({ group }) },
        t(group.title), amount);
      return { group, button, amount };
    });
    let typing = 0;
    this.searchField = el("input", {
      type: "search", placeholder: t("findByName"), "aria-label": t("findByName"),
      oninput: () => {
        clearTimeout(typing);
        typing = setTimeout(() => this.narrow({ search: this.searchField.value.trim() }), typingMs);
      },
    });
    this.filters = el("div", { class: "filters" },
      el("div", { class: "groups", role: "group", "aria-label": t("show") }, this.groupButtons.map(({ button }) => button)),
      this.searchField);
  }

  say(text) {
    setText(this.notice, text);
    this.notice.hidden = !text;
  }

  add(files) {
    if (files.length === 0) return;
    this.waiting.push(...files);
    this.goOn();
  }

  // To the project that the field names, and sends what waits: never to another than the one that is meant.
  goOn() {
    if (!this.project) return;
    const count = this.waiting.length;
    if (!this.field.check()) return this.say(count > 0 ? t("filesWaitForProject", { count }) : "");
    const project = this.field.value;
    this.deferred = project !== this.project && this.sender.busy;
    if (this.deferred) return this.say(count > 0 ? t("filesWaitForOthers", { count, project }) : t("projectAfterOthers"));
    this.say("");
    if (project !== this.project) this.open(project);
    if (count === 0) return;
    this.haveCount = 0;
    this.sender.add(this.waiting.splice(0), project);
  }

  open(project) {
    this.project = project;
    this.field.value = project;
    this.trash.empty();
    this.rows.clear();
    this.counts.clear(project);
    this.unsubscribe?.();
    this.pages.clear();
    this.unsubscribe = this.live.subscribe(`project:${project}`, (message) => this.hear(message));
    // Without a stream the list is shown all the same.
    setTimeout(() => { if (this.project === project && !this.pages.asked) this.load(); }, streamWaitMs);
  }

  hear(message) {
    if (message.type === "project" && message.project.id === this.project) this.counts.take(message.project);
    if (message.type === "batch" && message.batch.finished_at) this.pictures.batchFinished(message.batch.id);
    if (message.type !== "upload") return;
    const { upload } = message;
    const known = this.rows.byId.has(upload.id);
    if (known || !this.pages.isAhead(upload.id)) this.rows.accept({ ...upload, updated_at: message.at });
  }

  // The server's state, the newest files first. What is known already is brought up to date.
  load() {
    this.allHere = false;
    this.before = this.rows.all.filter((row) => row.record && !row.local);
    this.counts.load();
    return this.pages.ask(this.project, this.group.states, this.search);
  }

  // What was known before and is on no page of the server is gone.
  forgetOthers(seen) {
    for (const row of this.before) if (this.matches(row) && !row.local && !seen.has(row.record.id)) this.rows.drop(row);
  }

  // Shows some of the files only. Those that are not here yet are asked for.
  narrow({ group = this.group, search = this.search }) {
    this.group = group;
    this.search = search;
    this.list.element.scrollTop = 0;
    if (!this.allHere) this.load();
    this.draw();
  }

  isNarrowed() {
    return this.group !== groups[0] || this.search !== "";
  }

  matches(row) {
    if (row.leaving || (this.group !== groups[0] && groupOf(row) !== this.group.id)) return false;
    return !this.search || `${folderOf(row)}/${row.name}`.toLowerCase().includes(this.search.toLowerCase());
  }

  togglePause() {
    this.say("");
    if (this.sender.paused) this.sender.resumeAll();
    else this.sender.pauseAll();
  }

  async retry(row) {
    if (row.local === "error") return this.sender.retry(row);
    try {
      this.rows.accept(await post(`/uploads/${row.record.id}/retry`));
    } catch (error) {
      this.say(`${row.name}: ${error.message}`);
    }
  }

  retryAll() {
    for (const row of this.rows.all.filter(canRetry)) this.retry(row);
  }

  drawNow() {
    if (this.deferred && !this.sender.busy) this.goOn();
    const sums = this.counts.byGroup(this.rows.all);
    const shown = this.rows.all.filter((row) => this.matches(row));
    this.list.setItems(shown);
    this.drawTotals(sums);
    for (const { group, button, amount } of this.groupButtons) {
      setText(amount, number(sums[group.id]));
      setHidden(button, group !== groups[0] && group !== this.group && sums[group.id] === 0);
      button.setAttribute("aria-pressed", String(group === this.group));
    }
    const narrowed = this.isNarrowed();
    setHidden(this.list.element, shown.length === 0);
    setHidden(this.empty, shown.length > 0);
    setText(this.empty, !this.allHere && !this.pages.complete ? t("loading") : narrowed ? t("noMatch") : t("nothingYet"));
    setHidden(this.filters, sums.all === 0 && !narrowed);
    this.dropZone.classList.toggle("small", sums.all > 0);
    this.drawer.refresh();
  }

  drawTrash() {
    const [first] = this.trash.rows;
    setHidden(this.undo, !first);
    if (first) setText(this.undoText, t("deleted", { count: this.trash.rows.size, name: first.name }));
    this.draw();
  }

  drawTotals(sums) {
    const sending = this.sender.busy;
    setHidden(this.totals, sums.all === 0);
    const parts = [t("totalCompleted", { completed: sums.completed, count: sums.all })];
    if (sums.checking) parts.push(t("totalChecking", { number: sums.checking }));
    if (sums.failed) parts.push(t("totalFailed", { number: sums.failed }));
    setText(this.totalText, parts.join(" · "));
    const mine = this.rows.sending();
    setText(this.totalRate, sending || this.sender.paused ? this.pace(mine).join(" · ") : "");
    this.totalBar.value = sending && mine.bytes > 0 ? mine.sent / mine.bytes : (sums.completed + sums.failed) / Math.max(1, sums.all);
    setHidden(this.totalBar, !sending && !this.sender.paused && sums.checking === 0);
    setHidden(this.pauseButton, !sending && !this.sender.paused);
    setText(this.pauseButton, this.sender.paused ? t("resume") : t("pause"));
    setHidden(this.retryButton, !this.rows.all.some(canRetry));
  }

  pace(mine) {
    const rate = this.rate(mine.sent);
    const left = mine.bytes - mine.sent;
    const said = mine.bytes > 0 ? [t("bytesOf", { sent: bytes(mine.sent), total: bytes(mine.bytes) })] : [];
    const notice = this.sender.notice();
    if (this.sender.paused) said.push(t("paused"));
    else if (notice) said.push(notice);
    else if (rate > 0 && left > 0)
      said.push(t("perSecond", { bytes: bytes(Math.round(rate)) }), t("timeLeft", { time: duration(left / rate) }));
    return said;
  }

  rate(sent) {
    const now = performance.now();
    this.samples.push({ at: now, sent });
    while (this.samples.length > 2 && now - this.samples[0].at > rateWindowMs) this.samples.shift();
    const first = this.samples[0];
    return now - first.at < 500 ? 0 : Math.max(0, ((sent - first.sent) * 1000) / (now - first.at));
  }

  leaving() {
    return this.trash.empty();
  }
}

let instance = null;

export const view = {
  id: "uploads",
  title: "uploads",
  mount(context) {
    instance = new UploadsView(context);
    return instance.element;
  },
  leaving: () => instance.leaving(),
};
