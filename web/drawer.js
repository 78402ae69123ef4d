// Everything about one file, beside the list.

import { addressOfContent, get } from "./api.js";
import { el, setText } from "./dom.js";
import { bytes, clock, time } from "./format.js";
import { canRetry, folderOf, groupOf, labelOf, reasonOf, thumbnailOf } from "./rows.js";
import { number, t } from "./words.js";

function entry(name, value, attributes = {}) {
  return value ? [el("dt", {}, name), el("dd", attributes, value)] : [];
}

function place(gps) {
  if (!gps) return "";
  const at = `${gps.latitude.toFixed(6)}, ${gps.longitude.toFixed(6)}`;
  return gps.altitude === undefined || gps.altitude === null ? at : `${at} (${Math.round(gps.altitude)} m)`;
}

// Only what is out of the ordinary: a picture that is there says so itself.
function aboutPreview(preview) {
  if (!preview) return "";
  if (preview.message) return preview.message;
  return preview.status === "unavailable" ? t("noPreview") : "";
}

function facts(row) {
  const record = row.record || {};
  const media = record.media || {};
  const scan = record.scan;
  return el("dl", { class: "facts" },
    entry(t("size"), bytes(row.size)),
    entry(t("type"), row.type),
    entry(t("project"), row.project),
    entry(t("folder"), folderOf(row)),
    entry(t("dimensions"), media.width ? `${media.width} × ${media.height}` : ""),
    entry(t("pages"), media.pages ? number(media.pages) : ""),
    entry(t("taken"), media.captured_at ? time(media.captured_at) : ""),
    entry(t("camera"), media.camera ? [media.camera.make, media.camera.model].filter(Boolean).join(" ") : ""),
    entry(t("position"), place(media.gps)),
    entry(t("waits"), record.waiting?.message),
    entry(t("preview"), aboutPreview(record.preview)),
    entry(t("virusScan"), scan ? [t(scan.verdict), scan.engine, scan.signatures].filter(Boolean).join(" · ") : ""),
    entry("SHA-256", record.checksum?.sha256, { class: "mono" }),
    entry(t("id"), record.id, { class: "mono" }));
}

// A detail may be a sentence or an object of further facts.
function detailText(detail) {
  if (detail === undefined || detail === null) return "";
  if (typeof detail !== "object") return String(detail);
  return Object.entries(detail).map(([name, value]) => `${name}: ${value}`).join(", ");
}

function timeline(row) {
  const steps = row.record?.timeline || [];
  if (steps.length === 0) return null;
  return [
    el("h3", {}, t("whatHappened")),
    el("ol", { class: "timeline" }, steps.map((step) =>
      el("li", {}, el("time", { datetime: step.at, title: time(step.at) }, clock(step.at)),
        el("span", {}, t(`step_${step.what}`)), el("span", { class: "dim" }, detailText(step.detail))))),
  ];
}

export class Drawer {
  // retry(row), removed(row)
  constructor({ retry, removed }) {
    this.retry = retry;
    this.removed = removed;
    this.row = null;
    this.title = el("h2", { id: "drawer-title" });
    this.body = el("div", { class: "drawer-body" });
    this.element = el("dialog", { class: "drawer", "aria-labelledby": "drawer-title" },
      el("header", { class: "drawer-top" }, this.title,
        el("button", { type: "button", class: "quiet", "aria-label": t("close"), onclick: () => this.element.close() }, "✕")),
      this.body);
    this.element.addEventListener("close", () => { this.row = null; });
    // A click beside the drawer lands on the dialog itself.
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  async show(row) {
    this.row = row;
    this.asking = false;
    this.draw();
    if (!this.element.open) this.element.showModal();
    if (!row.record) return;
    // The list's copy may lack the timeline, and its picture's URL ends after a while.
    const record = await get(`/uploads/${row.record.id}`).catch(() => null);
    if (record) row.record = { ...row.record, ...record };
    if (this.row === row) this.draw();
  }

  // Called when rows changed.
  refresh() {
    if (this.row && this.drawnState !== this.stateKey()) this.draw();
  }

  stateKey() {
    return `${labelOf(this.row)} ${reasonOf(this.row)} ${this.row.record?.updated_at}`;
  }

  draw() {
    const { row } = this;
    this.drawnState = this.stateKey();
    setText(this.title, row.name);
    const picture = thumbnailOf(row, 1024) || thumbnailOf(row, 256);
    const reason = reasonOf(row);
    this.body.replaceChildren(...[
      picture && el("img", { class: "preview", src: picture, alt: t("preview") }),
      el("p", {}, el("span", { class: "state", "data-group": groupOf(row) }, labelOf(row))),
      reason && el("p", { class: "reason" }, reason),
      this.actions(row),
      facts(row),
      ...(timeline(row) || []),
    ].filter(Boolean));
  }

  actions(row) {
    const button = (text, onclick, kind) => el("button", { type: "button", class: kind, onclick }, text);
    if (this.asking) {
      return el("div", { class: "actions ask", role: "alertdialog", "aria-label": t("deleteAsk") }, el("p", {}, t("deleteAsk")),
        button(t("deleteYes"), () => this.drop(row), "danger"), button(t("keep"), () => this.ask(false)));
    }
    const done = row.record?.status === "COMPLETED";
    return el("div", { class: "actions" },
      done && button(t("download"), () => this.download(row), "primary"),
      canRetry(row) && button(t("tryAgain"), () => this.retry(row), "primary"),
      row.record ? button(t("delete"), () => this.ask(true)) : button(t("remove"), () => this.drop(row)));
  }

  ask(asking) {
    this.asking = asking;
    this.draw();
    this.body.querySelector(asking ? ".danger" : ".actions button:last-child").focus();
  }

  async download(row) {
    try {
      location.assign(await addressOfContent(row.record.id));
    } catch (error) {
      this.complain(error.message);
    }
  }

  drop(row) {
    this.element.close();
    this.removed(row);
  }

  complain(message) {
    this.body.prepend(el("p", { class: "reason", role: "alert" }, message));
  }
}
