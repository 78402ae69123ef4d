// One line of the list.

import { el, setHidden, setText } from "./dom.js";
import { bytes } from "./format.js";
import { bytesSent, folderOf, groupOf, labelOf, phaseOf, reasonOf, thumbnailOf } from "./rows.js";

export function createRow() {
  const node = el("div", { class: "row" },
    el("span", { class: "thumb" }, el("img", { alt: "", loading: "lazy", decoding: "async", hidden: true })),
    el("span", { class: "name" }), el("span", { class: "meta" }), el("span", { class: "state" }),
    el("progress", { max: 1, value: 0, tabindex: -1, "aria-hidden": "true" }));
  const [thumb, name, meta, state, bar] = node.children;
  node.parts = { image: thumb.firstChild, thumb, name, meta, state, bar };
  node.parts.image.addEventListener("error", () => {
    node.parts.image.hidden = true;
    node.onPictureLost?.();
  });
  return node;
}

export function drawRow(node, row, pictureLost) {
  const { image, thumb, name, meta, state, bar } = node.parts;
  const group = groupOf(row);
  const phase = phaseOf(row);
  const reason = reasonOf(row);
  setText(name, row.name);
  name.title = row.name; // it may be cut off
  const folder = folderOf(row);
  setText(meta, [bytes(row.size), reason || folder].filter(Boolean).join(" · "));
  meta.classList.toggle("bad", group === "failed");
  setText(state, labelOf(row));
  state.dataset.group = group;
  const sending = phase === "sending" || (phase === "queued" && row.loaded.size > 0);
  setHidden(bar, !sending);
  if (sending) bar.value = row.size > 0 ? bytesSent(row) / row.size : 0;
  thumb.dataset.kind = (row.name.includes(".") ? row.name.split(".").pop() : "file").slice(0, 4).toUpperCase();
  drawPicture(node, image, row, pictureLost);
}

function drawPicture(node, image, row, pictureLost) {
  const url = thumbnailOf(row, 256);
  // A row that completed while we watched is told without its pictures' addresses.
  if (row.record?.status === "COMPLETED" && !row.record.thumbnails) pictureLost(row);
  node.onPictureLost = () => pictureLost(row);
  if (image.dataset.url === url) return;
  image.dataset.url = url;
  image.hidden = !url;
  if (url) image.src = url;
  else image.removeAttribute("src");
}
