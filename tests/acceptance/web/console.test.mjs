// The Uploads view of the console, from the drop to COMPLETED.

import assert from "node:assert/strict";
import { test } from "node:test";

import { api, browser, dropFiles, eicar, jpeg, mintToken, pictures, png, rowOf, server, sha256, shot, usePage, waitForCount, withServerAndBrowser } from "./harness.mjs";

withServerAndBrowser();

const withPage = (options, body) => usePage(browser, server, options, body);

test("PhotosDroppedOnThePageBecomeCompletedWithThumbnails", () => withPage({ project: "drop" }, async (page) => {
  await shot(page, "desktop-empty");
  const photo = await jpeg(page);
  await dropFiles(page, [...pictures(12), { name: "señor 🏗️.jpg", type: "image/jpeg", bytes: photo }]);
  await waitForCount(page, "Completed", 13);
  const row = rowOf(page, "señor 🏗️.jpg");
  await page.waitForFunction((node) => node.querySelector("img").naturalWidth > 0, await row.elementHandle());
  await shot(page, "desktop-completed");

  await row.click();
  const drawer = page.locator(".drawer");
  await drawer.getByText("320 × 240").waitFor();
  await drawer.getByText(sha256(photo)).waitFor();
  await page.waitForFunction(() => document.querySelector(".preview")?.naturalWidth > 0);
  await shot(page, "desktop-drawer");
}));

test("WhatWasUploadedIsThereAfterAReload", () => withPage({ project: "reload" }, async (page) => {
  await dropFiles(page, pictures(3));
  await waitForCount(page, "Completed", 3);
  await page.reload();
  await waitForCount(page, "Completed", 3);
  await page.waitForFunction(() => [...document.querySelectorAll(".row img")].every((image) => image.naturalWidth > 0));
}));

test("AnInfectedFileIsShownFailedWithTheReasonAndATruncatedPhotoIsKept", () => withPage({ project: "bad" }, async (page) => {
  const photo = await jpeg(page, 640, 480);
  await dropFiles(page, [
    { name: "virus.txt", type: "text/plain", bytes: eicar() },
    { name: "half.jpg", type: "image/jpeg", bytes: photo.subarray(0, photo.length / 2) },
    ...pictures(1),
  ]);
  await page.waitForFunction(() => document.body.innerText.includes("In quarantine"));
  await waitForCount(page, "Completed", 2);
  assert.match(await rowOf(page, "virus.txt").locator(".meta").innerText(), /· \S.{8,}/, "it has a reason");
  const { body } = await api(server, "GET", "/uploads?project_id=bad");
  const told = body.uploads.map((upload) => [upload.filename, upload.error?.code ?? upload.preview.note]);
  assert.deepEqual(told.slice().sort().map(([name, what]) => [name, what ?? null]),
    [["half.jpg", "truncated"], ["photo-0.png", null], ["virus.txt", "infected"]]);
  await rowOf(page, "virus.txt").click();
  await page.locator(".drawer .reason").waitFor();
  await shot(page, "desktop-failed");
}));

test("AnEmptyFileIsRefusedInWordsAndTheOthersGoOn", () => withPage({ project: "empty" }, async (page) => {
  await dropFiles(page, [{ name: "empty.txt", type: "text/plain", bytes: Buffer.alloc(0) }, ...pictures(2)]);
  await waitForCount(page, "Completed", 2);
  await waitForCount(page, "Failed", 1);
  assert.match(await rowOf(page, "empty.txt").locator(".meta").innerText(), /This file is empty/);
}));

test("TheSameFileAgainIsNotSentAgain", () => withPage({ project: "twice" }, async (page) => {
  const files = pictures(2, "same");
  await dropFiles(page, files);
  await waitForCount(page, "Completed", 2);
  let puts = 0;
  page.on("request", (request) => { puts += request.method() === "PUT" ? 1 : 0; });
  await dropFiles(page, files);
  await page.getByText("2 files already stored").waitFor();
  assert.equal(puts, 0);
  await waitForCount(page, "All", 2);
}));

test("AnExpiredAddressIsSignedAnew", () => withPage({ project: "expired" }, async (page) => {
  let refused = 0;
  await page.route(`${server.objects}/**`, (route) => {
    if (route.request().method() !== "PUT" || refused >= 2) return route.continue();
    refused += 1;
    return route.fulfill({
      status: 403, contentType: "application/xml", headers: { "Access-Control-Allow-Origin": "*" },
      body: "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
    });
  });
  await dropFiles(page, pictures(3));
  await waitForCount(page, "Completed", 3);
  assert.equal(refused, 2);
}));

test("PausedFilesGoOnAfterAReload", () => withPage({ project: "paused" }, async (page) => {
  const files = pictures(9);
  await page.route(`${server.objects}/**`, (route) => (route.request().method() === "PUT" ? undefined : route.continue()));
  await dropFiles(page, files);
  await page.locator(".row .state", { hasText: "Uploading" }).first().waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.reload();
  await page.getByText("File needed").first().waitFor();
  await shot(page, "desktop-file-needed");
  await dropFiles(page, files);
  await waitForCount(page, "Completed", 9);
  const { body } = await api(server, "GET", "/uploads?project_id=paused");
  assert.equal(body.uploads.length, 9, "no file was announced twice");
}));

test("ALargeFileGoesInParts", () => withPage({ project: "parts" }, async (page) => {
  // Built in the page: 17 MB are too many to hand over as text.
  let parts = 0;
  page.on("request", (request) => { parts += request.method() === "PUT" && request.url().includes("partNumber=") ? 1 : 0; });
  await page.evaluate(() => {
    const bytes = new Uint8Array(17 * 1024 * 1024);
    for (let at = 0; at < bytes.length; at += 4096) bytes[at] = Math.random() * 255;
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "large.bin", { type: "application/octet-stream" }));
    document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: transfer }));
  });
  await waitForCount(page, "Completed", 1);
  assert.equal(parts, 4);
}));

test("WithoutWebSocketsTheStreamTellsTheSame", () => withPage({
  project: "sse",
  init: () => {
    window.WebSocket = class {
      constructor() { setTimeout(() => this.onclose?.(), 0); }
      close() {}
    };
  },
}, async (page) => {
  await page.locator("#live[data-state=slow]").waitFor();
  await dropFiles(page, pictures(3));
  await waitForCount(page, "Completed", 3);
}));

test("TwoThousandRowsKeepTheDocumentSmall", () => withPage({ project: "many" }, async (page) => {
  for (let batch = 0; batch < 2; batch += 1) {
    const files = Array.from({ length: 1000 }, (_, index) => ({ filename: `${batch}-${index}.jpg`, content_type: "image/jpeg", size: 1000 }));
    assert.equal((await api(server, "POST", "/batches", { project_id: "many", files })).status, 201);
  }
  await page.reload();
  await waitForCount(page, "All", 2000);
  await page.locator(".row[aria-setsize='2000']").first().waitFor();
  await page.locator(".list").focus();
  await page.keyboard.press("End");
  await page.locator(".row[aria-posinset='2000']").waitFor();
  assert.ok((await page.locator(".row").count()) < 60);
  await page.getByPlaceholder("Find by name").fill("1-77.jpg");
  await page.getByText("1-77.jpg").waitFor();
}));

test("TheKeyboardReachesAFileAndLeavesItAgain", () => withPage({ project: "keys" }, async (page) => {
  await dropFiles(page, pictures(3));
  await waitForCount(page, "Completed", 3);
  await page.locator(".list").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const title = await page.locator(".drawer h2").innerText();
  assert.equal(title, await page.locator(".row[aria-selected=true] .name").innerText());
  await page.keyboard.press("Escape");
  await page.locator(".drawer").waitFor({ state: "hidden" });
}));

test("APhoneShowsItAll", () => withPage({ project: "phone", viewport: { width: 390, height: 780 } }, async (page) => {
  await dropFiles(page, [...pictures(4), { name: "virus.txt", type: "text/plain", bytes: eicar() }]);
  await waitForCount(page, "Failed", 1);
  await waitForCount(page, "Completed", 4);
  await shot(page, "phone-list");
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `the page is ${width} wide`);
  await rowOf(page, "photo-0.png").click();
  await page.waitForFunction(() => document.querySelector(".preview")?.naturalWidth > 0);
  await shot(page, "phone-drawer");
}));

test("TheTokenLeavesTheAddressBarAndSigningOutEndsIt", async () => {
  const token = mintToken(server, "leaver");
  await withPage({ token }, async (page) => {
    assert.equal(new URL(page.url()).hash.includes("token"), false);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Access token").waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.getItem("hoist.token")), null);
    await page.getByLabel("Access token").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This token is not valid").waitFor();
    await shot(page, "desktop-sign-in");
    await page.getByLabel("Access token").fill(server.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator(".drop").waitFor();
  });
  const after = await fetch(`${server.api}/uploads`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(after.status, 401);
});
