// The page of an upload ticket: for a crew without accounts, on phones, over weak links. The ticket is in the
// fragment of the address, which browsers send to no server. One file is sent at a time.

import { backoff, get, pause, post } from "./api.js";
import { el, setText } from "./dom.js";
import { put } from "./put.js";
import { choose, fillDocument, language, languages, t } from "./words.js";

const lookAgainMs = 2_000;
const attemptsMax = 20; // about eight minutes without a link

const node = (id) => document.getElementById(id);
const ticket = `/t/${encodeURIComponent(location.hash.slice(1))}`;
const waiting = [];
let sending = false;

function complain(error) {
  setText(node("problem"), error.message);
  node("problem").hidden = false;
}

async function showLeft() {
  const own = await get(ticket);
  setText(node("name"), own.name);
  setText(node("left"), t("crewLeft", { count: own.files_left }));
  node("files").accept = own.types.join(",");
  node("choose").hidden = node("files").hidden = false;
}

// Each try has an address of its own: the one before may have ended.
async function transfer(row, id, granted) {
  let where = granted;
  for (let attempt = 1; where; attempt += 1) {
    try {
      const moved = (sent) => row.say(t("crewSending", { percent: Math.floor((100 * sent) / row.file.size) }));
      return await put(where.url, where.headers, row.file, moved, new AbortController().signal);
    } catch (error) {
      if (attempt >= attemptsMax || !(error.passing || error.expired)) throw error;
      row.say(t("crewWaiting"));
      await pause(backoff(attempt, error.retryAfter));
    }
    where = await again(id);
  }
}

// Nothing when the bytes have arrived although their answer was lost.
async function again(id) {
  try {
    return (await post(`${ticket}/uploads/${id}/transfer`)).transfer;
  } catch (error) {
    if (error.status === 409) return null;
    throw error;
  }
}

async function follow(row, id) {
  for (;;) {
    const { upload } = await get(`${ticket}/uploads/${id}`);
    if (upload.status === "COMPLETED") return row.say(t("crewDone"));
    if (upload.error || upload.status === "EXPIRED") return row.say(upload.error?.message || t("crewFailed"));
    row.say(t("crewChecking"));
    await pause(lookAgainMs);
  }
}

async function send(row) {
  const { file } = row;
  const { upload, transfer: granted } = await post(`${ticket}/uploads`, {
    filename: file.name, content_type: file.type || "application/octet-stream", size: file.size,
  });
  await transfer(row, upload.id, granted);
  follow(row, upload.id).catch((error) => row.say(error.message)); // the next file need not wait for this
}

async function sendAll() {
  if (sending) return;
  sending = true;
  for (let row = waiting.shift(); row; row = waiting.shift()) {
    await send(row).catch((error) => row.say(error.message));
    await showLeft().catch(complain);
  }
  sending = false;
}

function add(file) {
  const state = el("span", {}, t("crewWaiting"));
  node("list").append(el("li", {}, file.name, ": ", state));
  waiting.push({ file, say: (text) => setText(state, text) });
}

function chooseLanguage(select) {
  select.setAttribute("aria-label", t("language"));
  for (const [tag, name] of Object.entries(languages))
    select.append(el("option", { value: tag, selected: tag === language }, name));
  select.addEventListener("change", () => choose(select.value));
}

fillDocument();
chooseLanguage(document.querySelector("select.language"));
node("files").addEventListener("change", (event) => {
  [...event.target.files].forEach(add);
  event.target.value = ""; // the same file may be chosen again
  sendAll();
});
window.addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
showLeft().catch(complain);
