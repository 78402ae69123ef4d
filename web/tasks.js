// The Tasks view: what each group is doing, why one waits, and dead letters with redrive.

import { get, post, saidOf } from "./api.js";
import { el, setHidden, setText } from "./dom.js";
import { time } from "./format.js";
import { t } from "./words.js";

const interval = 6_000; // with the groups below, half of the requests a user has in a minute
const tasksShown = 200;
const groupsAsked = 3;
const lettersShown = 100;
const open = new Set(["waiting", "running", "retrying", "dead"]);

// The latest tasks by group: those that wait or are stuck first.
function byGroup(tasks) {
  const groups = new Map();
  for (const task of tasks) {
    const group = groups.get(task.group) || { name: task.group, tasks: [], open: 0, dead: 0, stuck: false };
    group.tasks.push(task);
    if (open.has(task.status) && task.status !== "dead") group.open += 1;
    if (task.status === "dead") group.dead += 1;
    if (task.status === "retrying" || task.status === "dead") group.stuck = true;
    groups.set(task.group, group);
  }
  return [...groups.values()].sort((a, b) => b.stuck - a.stuck || b.open - a.open || a.name.localeCompare(b.name));
}

class TasksView {
  constructor() {
    this.shownNow = false;
    this.timer = 0;
    this.element = this.build();
  }

  build() {
    this.title = el("input", { "aria-label": t("whatToDo"), placeholder: t("whatToDo"), maxlength: 200, required: true });
    this.group = el("input", { "aria-label": t("group"), placeholder: t("groupDefault"), maxlength: 128 });
    const form = el("form", { class: "filters tasks-form", onsubmit: (event) => this.add(event) },
      this.title, this.group, el("button", { type: "submit" }, t("addTask")));
    this.notice = el("p", { class: "notice", role: "status", hidden: true });
    this.groups = el("ol", { class: "tasks-list", "aria-label": t("groups") });
    this.letters = el("ol", { class: "tasks-list", "aria-label": t("deadLetters") });
    this.redriveAll = el("button", { type: "button", onclick: () => this.redrive() }, t("redriveAll"));
    this.dead = el("section", { class: "tasks", hidden: true },
      el("h2", {}, t("deadLetters")), this.letters, el("div", {}, this.redriveAll));
    return el("section", { class: "tasks" }, form, this.notice, this.groups, this.dead);
  }

  say(text, bad = false) {
    setText(this.notice, text);
    this.notice.dataset.state = bad ? "bad" : "good";
    setHidden(this.notice, !text);
  }

  async add(event) {
    event.preventDefault();
    const group = this.group.value.trim();
    try {
      await post("/tasks", { title: this.title.value, description: "", priority: "medium", ...(group && { group }) });
      this.title.value = "";
      this.say("");
      await this.load();
    } catch (error) {
      this.say(error.fields?.map(({ field, reason }) => saidOf(field, reason)).join(" ") || error.message, true);
    }
  }

  async load() {
    try {
      const { tasks } = await get(`/tasks?limit=${tasksShown}`);
      const groups = byGroup(tasks);
      // Only for those that have something to explain.
      const asked = groups.filter((group) => group.stuck && group.open > 0).slice(0, groupsAsked);
      await Promise.all(asked.map(async (group) => {
        group.state = await get(`/groups/${encodeURIComponent(group.name)}`).catch(() => null);
      }));
      this.groups.replaceChildren(...groups.map((group) => this.groupRow(group)));
      if (groups.length === 0) this.say(t("noTasks"));
    } catch (error) {
      this.say(error.message, true);
    }
    // Dead letters are for admins; others do not miss what they may not see.
    const letters = await get(`/dead-letters?limit=${lettersShown}`, { attempts: 1 }).catch(() => ({ dead_letters: [] }));
    this.letters.replaceChildren(...letters.dead_letters.map((letter) => this.letterRow(letter)));
    setHidden(this.dead, letters.dead_letters.length === 0);
  }

  why(group) {
    const state = group.state;
    if (!state || !state.head) return null;
    return [
      t("taskWaits", { sequence: state.head.sequence, title: state.head.title, reason: state.reason }),
      state.head.last_error,
      state.next_attempt_at && t("nextTry", { time: time(state.next_attempt_at) }),
      t("tasksWaiting", { count: state.waiting }),
    ].filter(Boolean).join(" ");
  }

  groupRow(group) {
    const opened = this.opened?.has(group.name);
    const remember = (event) => {
      this.opened ??= new Set();
      if (event.target.open) this.opened.add(group.name);
      else this.opened.delete(group.name);
    };
    const figures = [group.open ? t("toDo", { number: group.open }) : t("allDone"), group.dead ? t("dead", { number: group.dead }) : null];
    const reason = this.why(group);
    return el("li", { "data-group": group.name },
      el("strong", {}, group.name),
      el("details", { open: opened, ontoggle: remember },
        el("summary", {}, figures.filter(Boolean).join(", "), reason ? el("p", {}, reason) : null),
        el("ul", {}, group.tasks.slice(0, 50).map((task) => el("li", { "data-task": task.task_id },
          el("span", {}, `${task.sequence} ${task.status}`),
          el("span", {}, `${task.title}${task.overdue ? ` (${t("overdue")})` : ""}${task.last_error ? `: ${task.last_error}` : ""}`))))));
  }

  letterRow(letter) {
    const title = letter.body?.title || letter.id;
    return el("li", { "data-letter": letter.id },
      el("time", { datetime: letter.died_at }, time(letter.died_at)),
      el("div", {}, t("letterOf", { title, sequence: letter.sequence, group: letter.group }),
        el("p", {}, t("tries", { count: letter.attempts, cause: letter.cause })),
        el("button", { type: "button", onclick: () => this.redrive([letter.id]) }, t("redrive"))));
  }

  async redrive(ids) {
    try {
      const answer = await post("/dead-letters/redrive", ids ? { ids } : {});
      this.say(t("redriven", { count: answer.redriven }));
      await this.load();
    } catch (error) {
      this.say(error.message, true);
    }
  }

  async run() {
    clearTimeout(this.timer);
    if (!this.shownNow) return;
    await this.load();
    if (this.shownNow) this.timer = setTimeout(() => this.run(), interval);
  }

  shown() {
    this.shownNow = true;
    this.run();
  }

  hidden() {
    this.shownNow = false;
    clearTimeout(this.timer);
  }
}

let instance = null;

export const view = {
  id: "tasks",
  title: "tasks",
  mount() {
    instance = new TasksView();
    return instance.element;
  },
  shown: () => instance.shown(),
  hidden: () => instance.hidden(),
};
