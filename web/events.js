// The Events view: the log or the audit trail as a timeline, with filters and a verify button.

import { get } from "./api.js";
import { el, setHidden, setText } from "./dom.js";
import { time } from "./format.js";
import { verifyLog } from "./verify.js";
import { t } from "./words.js";

const pageLimit = 100;
const waitSeconds = 25;

class EventsView {
  constructor() {
    this.generation = 0; // answers to older questions are dropped
    this.shownNow = false;
    this.build();
  }

  build() {
    const input = (label, attributes) => el("input", { "aria-label": label, placeholder: label, ...attributes });
    this.log = el("select", { "aria-label": t("log") },
      el("option", { value: "events" }, t("events")), el("option", { value: "audit" }, t("auditTrail")));
    this.user = input(t("user"), { type: "search", maxlength: 128 });
    this.type = input(t("type"), { type: "search", maxlength: 128 });
    this.from = input(t("from"), { type: "datetime-local" });
    this.to = input(t("to"), { type: "datetime-local" });
    this.verify = el("button", { type: "button", onclick: () => this.runVerify() }, t("verify"));
    const form = el("form", { class: "filters events-filters", onchange: () => this.load(),
      onsubmit: (event) => { event.preventDefault(); this.load(); } },
      this.log, this.user, this.type, el("label", {}, `${t("from")} `, this.from), el("label", {}, `${t("to")} `, this.to), this.verify);
    this.notice = el("p", { class: "notice", role: "status", hidden: true });
    this.items = el("ol", { class: "events-list" });
    this.older = el("button", { type: "button", class: "older", hidden: true, onclick: () => this.loadOlder() }, t("showOlder"));
    this.element = el("section", { class: "events" }, form, this.notice, this.items, this.older);
  }

  say(text, bad = false) {
    setText(this.notice, text);
    this.notice.dataset.state = bad ? "bad" : "good";
    setHidden(this.notice, !text);
  }

  path(order, more = {}) {
    const audit = this.log.value === "audit";
    const user = this.user.value.trim();
    const query = new URLSearchParams({ order, limit: pageLimit, ...more });
    if (this.type.value.trim()) query.set("type", this.type.value.trim());
    if (this.from.value) query.set("from", new Date(this.from.value).toISOString());
    if (this.to.value) query.set("to", new Date(this.to.value).toISOString());
    if (audit) query.set("log", "audit");
    // Entries of the trail are filtered by actor here, because its list is not by user.
    return user && !audit ? `/events/${encodeURIComponent(user)}?${query}` : `/events?${query}`;
  }

  wanted(event) {
    const user = this.user.value.trim();
    return this.log.value !== "audit" || !user || event.userId === user;
  }

  async load() {
    const generation = ++this.generation;
    this.say("");
    try {
      const page = await get(this.path("desc"));
      if (generation !== this.generation) return;
      this.items.replaceChildren(...page.events.filter((event) => this.wanted(event)).map((event) => this.row(event)));
      this.setOlder(page.nextCursor);
      if (this.items.childElementCount === 0) this.say(t("nothingYet"));
      this.follow(generation, page.tailCursor);
    } catch (error) {
      if (generation === this.generation) this.say(error.message, true);
    }
  }

  setOlder(cursor) {
    this.olderCursor = cursor;
    setHidden(this.older, !cursor);
  }

  async loadOlder() {
    const generation = this.generation;
    const page = await get(this.path("desc", { cursor: this.olderCursor })).catch((error) => this.say(error.message, true));
    if (!page || generation !== this.generation) return;
    this.items.append(...page.events.filter((event) => this.wanted(event)).map((event) => this.row(event)));
    this.setOlder(page.nextCursor);
  }

  // Long polls for as long as the view is open and its filters stay.
  async follow(generation, cursor) {
    while (cursor && this.shownNow && generation === this.generation) {
      let page = null;
      try {
        page = await get(this.path("asc", { cursor, wait: waitSeconds }));
      } catch (error) {
        if (generation === this.generation) this.say(error.message, true);
        return;
      }
      if (generation !== this.generation) return;
      cursor = page.tailCursor;
      const news = page.events.filter((event) => this.wanted(event));
      if (news.length > 0) this.say("");
      this.items.prepend(...news.reverse().map((event) => this.row(event)));
    }
  }

  row(event) {
    const details = el("pre", { class: "mono" }, JSON.stringify(event.details, null, 2));
    const opened = () => event.details?.status === "pending" && this.fetchDetails(event, details);
    return el("li", { "data-id": event.eventId },
      el("time", { datetime: event.timestamp }, time(event.timestamp)),
      el("details", { ontoggle: opened },
        el("summary", {},
          el("strong", {}, event.eventType), " ",
          el("span", { class: "dim" }, event.userId ?? t("erased")),
          event.details?.outcome === "refused" ? el("span", { class: "state", "data-group": "failed" }, t("refusedTag")) : null),
        el("p", { class: "dim mono" }, `#${event.sequence}  ${event.hash}`),
        details));
  }

  // They were still on their way to their store when the event was listed.
  async fetchDetails(event, node) {
    if (!event.userId) return;
    const fresh = await get(`/events/${encodeURIComponent(event.userId)}/${event.eventId}`).catch(() => event);
    event.details = fresh.details;
    setText(node, JSON.stringify(event.details, null, 2));
  }

  async runVerify() {
    this.verify.disabled = true;
    this.say(t("verifying"));
    try {
      const newest = this.items.firstElementChild?.dataset.id;
      this.say(await verifyLog(this.log.value, newest));
    } catch (error) {
      this.say(error.message, true);
    } finally {
      this.verify.disabled = false;
    }
  }

  shown() {
    this.shownNow = true;
    this.load();
  }

  hidden() {
    this.shownNow = false;
    this.generation += 1;
  }
}

let instance = null;

export const view = {
  id: "events",
  title: "events",
  mount() {
    instance = new EventsView();
    return instance.element;
  },
  shown: () => instance.shown(),
  hidden: () => instance.hidden(),
};
