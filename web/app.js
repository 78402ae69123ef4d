// Signs in, then shows the views behind their tabs.

import { get, post } from "./api.js";
import { el, setText } from "./dom.js";
import { Live } from "./live.js";
import { forgetToken, keepToken, takeTicketFromAddress, takeTokenFromAddress, token } from "./session.js";
import { views } from "./views.js";
import { choose, fillDocument, language, languages, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const mounted = new Map(); // view id -> element
let context = null;
let current = null;

function showSignIn(problem) {
  byId("sign-in").hidden = false;
  byId("top").hidden = true;
  byId("main").hidden = true;
  byId("sign-in-problem").hidden = !problem;
  setText(byId("sign-in-problem"), problem || "");
  byId("token").value = "";
  byId("token").focus();
}

function signOut(problem) {
  forgetToken();
  if (!context) return showSignIn(problem);
  context.live.stop();
  // A fresh page holds nothing of the session that ended.
  if (problem) sessionStorage.setItem("hoist.problem", problem);
  location.replace("/");
}

function openView(view) {
  if (current === view) return;
  if (current) {
    mounted.get(current.id).hidden = true;
    current.hidden?.();
  }
  current = view;
  if (!mounted.has(view.id)) {
    const element = view.mount(context);
    element.id = `view-${view.id}`;
    element.setAttribute("role", "tabpanel");
    element.setAttribute("aria-labelledby", `tab-${view.id}`);
    mounted.set(view.id, element);
    byId("main").append(element);
  }
  mounted.get(view.id).hidden = false;
  for (const tab of byId("tabs").children) {
    const chosen = tab.id === `tab-${view.id}`;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  view.shown?.();
}

function viewOfAddress() {
  return views.find((view) => location.hash === `#${view.id}`) || views[0];
}

function drawTabs() {
  const tabs = views.map((view) =>
    el("button", {
      type: "button", role: "tab", id: `tab-${view.id}`, "aria-controls": `view-${view.id}`,
      onclick: () => { location.hash = view.id; },
    }, t(view.title)));
  byId("tabs").replaceChildren(...tabs);
  byId("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}

function showLiveState(state) {
  const words = { on: "live", off: "connecting", slow: "live", offline: "offline" };
  if (!navigator.onLine) state = "offline";
  byId("live").dataset.state = state;
  setText(byId("live-text"), t(words[state]));
}

async function start() {
  try {
    await open();
  } catch (error) {
    if (error.status !== 401) showSignIn(error.message); // 401 has been told by the event
  }
}

async function open() {
  byId("sign-in").hidden = true;
  byId("top").hidden = false;
  byId("main").hidden = false;
  const config = await get("/console/config.json");
  await get("/uploads?limit=1"); // a token that is no longer valid ends here
  context = { config, live: new Live(showLiveState) };
  context.live.start();
  drawTabs();
  openView(viewOfAddress());
}

byId("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  keepToken(byId("token").value);
  try {
    await get("/uploads?limit=1", { attempts: 1, quiet: true });
  } catch (error) {
    forgetToken();
    return showSignIn(error.status === 401 ? t("tokenInvalid") : error.message);
  }
  await start();
});
byId("sign-out").addEventListener("click", async () => {
  // Whoever else has the token is signed out too; without the server, at least this page forgets it.
  await Promise.all([...mounted.keys()].map((id) => views.find((view) => view.id === id).leaving?.()));
  await post("/sign-out", undefined, { attempts: 1, quiet: true }).catch(() => {});
  signOut("");
});
addEventListener("offline", () => showLiveState("offline"));
addEventListener("online", () => {
  showLiveState("off");
  context?.live.close?.(); // the connection of before is dead, and would be found so only after a while
});
document.addEventListener("hoist:signed-out", () => signOut(t("sessionEnded")));
addEventListener("hashchange", async () => {
  const before = token();
  await enterByAddress();
  if (token() !== before) location.reload();
  else if (context) openView(viewOfAddress());
});

async function enterByAddress() {
  takeTokenFromAddress();
  const ticket = takeTicketFromAddress();
  if (!ticket) return;
  try {
    keepToken((await post("/sign-in", { ticket }, { attempts: 1, quiet: true })).token);
  } catch (error) {
    sessionStorage.setItem("hoist.problem", error.status === 401
      ? t("linkUsed") : error.message);
  }
}

fillDocument();
for (const place of document.querySelectorAll(".language")) {
  place.setAttribute("aria-label", t("language"));
  place.append(...Object.entries(languages).map(([tag, name]) =>
    el("option", { value: tag, lang: tag, title: name, selected: tag === language },
      "short" in place.dataset ? tag.toUpperCase() : name)));
  place.addEventListener("change", () => choose(place.value));
}
byId("tabs").setAttribute("aria-label", t("views"));
await enterByAddress();
if (token()) {
  start();
} else {
  showSignIn(sessionStorage.getItem("hoist.problem"));
  sessionStorage.removeItem("hoist.problem");
}
