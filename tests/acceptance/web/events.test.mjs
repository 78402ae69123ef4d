// The Events view of the console: the log as a timeline, live, filtered, and checked in the browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { browser, server, shot, usePage, withServerAndBrowser } from "./harness.mjs";

withServerAndBrowser();

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${server.token}`, "Content-Type": "application/json" };
  const response = await fetch(server.api + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.text();
}
const record = (userId, eventType, details) => call("POST", "/events", { userId, eventType, details });
// An export signs what was recorded up to now.
const sign = () => call("GET", "/events?format=ndjson");

const withEvents = (body) => usePage(browser, server, {}, async (page) => {
  await page.getByRole("tab", { name: "Events" }).click();
  await body(page, page.locator(".events-list li"), page.locator(".events .notice"));
});

test("EventsAppearAsTheyAreRecordedAndAreFiltered", () => withEvents(async (page, rows) => {
  await record("ana", "photo.tagged", { tags: ["roof", { level: 3 }] });
  await record("ben", "site.left", { gate: "<img src=x onerror=alert(1)>" });
  await rows.nth(1).waitFor();
  assert.match(await rows.first().innerText(), /site\.left\s+ben/);
  await rows.first().locator("summary").click();
  await rows.first().getByText("<img src=x").waitFor();
  await shot(page, "events");
  await page.getByLabel("User").fill("ana");
  await page.getByLabel("User").press("Enter");
  await page.waitForFunction(() => document.querySelectorAll(".events-list li").length === 1);
  assert.match(await rows.first().innerText(), /photo\.tagged/);
}));

test("TheAuditTrailIsALogOfItsOwn", () => withEvents(async (page, rows) => {
  await page.getByLabel("Log").selectOption("audit");
  await rows.filter({ hasText: "audit.read" }).first().waitFor();
  await rows.filter({ hasText: "tenant.created" }).waitFor();
  await shot(page, "audit");
}));

test("VerifyChecksTheLogAndFindsARewrittenHistory", () => withEvents(async (page, rows, notice) => {
  await record("ana", "login", {});
  await sign();
  await rows.first().waitFor();
  const verify = page.getByRole("button", { name: "Verify" });
  await verify.click();
  await notice.getByText(/^Verified: \d+ events are signed/).waitFor();
  await record("ana", "login", {});
  await sign();
  await verify.click();
  await notice.getByText(/changed since your last visit; the newest event is among them/).waitFor();
  await shot(page, "events-verified");

  // As if the server had told another history at the last visit.
  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.getItem("hoist.checkpoint.events"));
    kept.checkpoint.root = (kept.checkpoint.root[0] === "A" ? "B" : "A") + kept.checkpoint.root.slice(1);
    localStorage.setItem("hoist.checkpoint.events", JSON.stringify(kept));
  });
  await record("ana", "login", {});
  await sign();
  await verify.click();
  await notice.getByText("history was rewritten").waitFor();
  await shot(page, "events-rewritten");
}));
