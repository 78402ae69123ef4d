// A list of thousands of rows of which only the visible ones are in the document. Arrow keys move,
// Enter opens.

import { oncePerFrame } from "./dom.js";

const spare = 6; // rows drawn above and below what is visible

export class List {
  // create() -> node; draw(node, item); open(item); nearEnd(): whoever looks will soon have seen all items
  constructor({ label, rowHeight, create, draw, open, nearEnd }) {
    this.rowHeight = rowHeight;
    this.createNode = create;
    this.drawNode = draw;
    this.open = open;
    this.nearEnd = nearEnd;
    this.items = [];
    this.active = -1;
    this.nodes = new Map(); // index -> node
    this.pool = [];
    this.space = document.createElement("div");
    this.space.className = "list-space";
    this.element = document.createElement("div");
    this.element.className = "list";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-label", label);
    this.element.append(this.space);
    this.refresh = oncePerFrame(() => this.drawVisible());
    this.element.addEventListener("scroll", this.refresh, { passive: true });
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(this.refresh).observe(this.element);
  }

  setItems(items) {
    this.items = items;
    if (this.active >= items.length) this.active = items.length - 1;
    this.refresh();
  }

  height() {
    return typeof this.rowHeight === "function" ? this.rowHeight() : this.rowHeight;
  }

  visibleItems() {
    return [...this.nodes.keys()].map((index) => this.items[index]).filter(Boolean);
  }

  drawVisible() {
    const height = this.height();
    const first = Math.max(0, Math.floor(this.element.scrollTop / height) - spare);
    const last = Math.min(this.items.length, Math.ceil((this.element.scrollTop + this.element.clientHeight) / height) + spare);
    this.space.style.height = `${this.items.length * height}px`;
    for (const [index, node] of this.nodes) {
      if (index >= first && index < last) continue;
      this.nodes.delete(index);
      node.remove();
      this.pool.push(node);
    }
    for (let index = first; index < last; index += 1) this.drawAt(index, height);
    if (last > 0 && last >= this.items.length) this.nearEnd();
  }

  drawAt(index, height) {
    let node = this.nodes.get(index);
    if (!node) {
      node = this.pool.pop() || this.createNode();
      node.setAttribute("role", "option");
      node.id = `row-${index}`;
      this.nodes.set(index, node);
      this.space.append(node);
    }
    node.style.transform = `translateY(${index * height}px)`;
    node.setAttribute("aria-posinset", index + 1);
    node.setAttribute("aria-setsize", this.items.length);
    node.setAttribute("aria-selected", String(index === this.active));
    this.drawNode(node, this.items[index]);
  }

  move(index) {
    if (this.items.length === 0) return;
    this.active = Math.max(0, Math.min(this.items.length - 1, index));
    const top = this.active * this.height();
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    const bottom = top + this.height() - this.element.clientHeight;
    if (bottom > this.element.scrollTop) this.element.scrollTop = bottom;
    this.drawVisible();
    this.element.setAttribute("aria-activedescendant", `row-${this.active}`);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height()) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) this.move(this.active + steps[event.key]);
    else if (event.key === "Enter" && this.items[this.active]) this.open(this.items[this.active]);
    else return;
    event.preventDefault();
  }

  click(event) {
    const node = event.target.closest("[role=option]");
    if (!node) return;
    this.active = Number(node.id.slice("row-".length));
    this.drawVisible();
    this.open(this.items[this.active]);
  }
}
