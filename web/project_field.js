// The project that files go to: a field that offers those there are, and says what is wrong with a name.

import { get } from "./api.js";
import { el, setHidden } from "./dom.js";
import { t } from "./words.js";

const kept = "hoist.project";
const pattern = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;

// The name that comes nearest and may be one: "Torre Ávila 2" becomes "Torre-Avila-2". Empty when nothing is left.
function nearest(name) {
  const plain = name.normalize("NFD").replace(/\p{M}/gu, "").replace(/[^A-Za-z0-9._-]+/g, "-");
  return plain.replace(/^[-.]+|[-.]+$/g, "").slice(0, 64);
}

export class ProjectField {
  constructor({ chosen }) {
    this.offers = el("datalist", { id: "projects" });
    this.input = el("input", {
      id: "project", maxlength: 64, spellcheck: "false", autocomplete: "off", autocapitalize: "off", list: "projects",
      "aria-describedby": "project-wrong", onfocus: () => this.offer(),
      onchange: () => { if (this.check()) chosen(); },
      oninput: () => { if (this.isWrong) this.check(); },
    });
    this.reason = el("span", {});
    this.instead = el("button", { type: "button", class: "quiet", onclick: () => this.takeNearest() });
    this.wrong = el("p", { class: "problem", id: "project-wrong", role: "alert", hidden: true }, this.reason, " ", this.instead);
    this.element = el("label", { class: "project" }, el("span", {}, t("project")), this.input, this.offers);
  }

  // Says what is wrong, if anything is.
  check() {
    this.isWrong = !pattern.test(this.input.value);
    this.input.setAttribute("aria-invalid", String(this.isWrong));
    const name = nearest(this.input.value);
    this.reason.textContent = this.isWrong ? t("projectWrong") : "";
    this.instead.textContent = t("projectInstead", { name });
    setHidden(this.instead, !pattern.test(name));
    setHidden(this.wrong, !this.isWrong);
    return !this.isWrong;
  }

  takeNearest() {
    this.input.value = nearest(this.input.value);
    this.input.dispatchEvent(new Event("change"));
  }

  get value() {
    return this.input.value;
  }

  set value(project) {
    this.input.value = project;
    localStorage.setItem(kept, project);
  }

  // The one used last, else the one that files came to last.
  async first() {
    const last = localStorage.getItem(kept);
    if (last) return last;
    const projects = (await this.offer()).filter(({ files }) => files > 0);
    return projects.sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1))[0]?.id || "default";
  }

  async offer() {
    const { projects } = await get("/projects").catch(() => ({ projects: [] }));
    this.offers.replaceChildren(...projects.map(({ id }) => el("option", { value: id })));
    return projects;
  }
}
