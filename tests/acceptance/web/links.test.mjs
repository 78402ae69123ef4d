// The page's sender over a link that breaks, and what it says meanwhile.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { api, dropFiles, freePort, png, shot, startBrowser, startRelay, startServer, usePage, waitForCount } from "./harness.mjs";

let relay;
let server;
let browser;

before(async () => {
  const port = await freePort();
  relay = await startRelay(port, "--cut", "0:1200000", "--rate", "30000000");
  server = await startServer({ objects: { port, url: relay.url } });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await relay?.stop();
});

const withPage = (options, body) => usePage(browser, server, options, body);

// Built in the page: so many bytes are too many to hand over as text.
function dropRandom(page, sizes) {
  return page.evaluate((list) => {
    const transfer = new DataTransfer();
    for (const [index, size] of list.entries()) {
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65536)));
      transfer.items.add(new File([bytes], `${index}.bin`, { type: "application/octet-stream" }));
    }
    document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: transfer }));
  }, sizes);
}

async function arrived(project, count) {
  const { body } = await api(server, "GET", `/uploads?project_id=${project}&limit=200`);
  assert.deepEqual(body.uploads.map((upload) => upload.status), Array(count).fill("COMPLETED"));
  assert.equal(new Set(body.uploads.map((upload) => upload.path || upload.filename)).size, count);
}

test("EveryFileArrivesOnceOverALinkThatCutsEveryConnection", () => withPage({ project: "cut" }, async (page) => {
  let parts = 0;
  page.on("request", (request) => { parts += request.url().includes("partNumber=") ? 1 : 0; });
  await dropRandom(page, [200_000, 500_000, 900_000, 1_500_000, 1_900_000, 6_000_000, 17_000_000]);
  await waitForCount(page, "Completed", 7, 180_000);
  assert.ok(parts > 7, `${parts} parts`);
  await arrived("cut", 7);
}));

test("ALostConnectionIsToldAtOnceAndFilesGoOnByThemselves", () => withPage({ project: "offline" }, async (page) => {
  await relay.tell("clear");
  await page.route(`${relay.url}/**`, async (route) => {
    await new Promise((done) => { setTimeout(done, 300); });
    await route.continue().catch(() => {});
  });
  await dropFiles(page, Array.from({ length: 24 }, (_, index) => ({ name: `${index}.png`, type: "image/png", bytes: png() })));
  await page.locator(".row .state", { hasText: "Uploading" }).first().waitFor();
  await page.context().setOffline(true);
  await page.locator("#live", { hasText: "Offline" }).waitFor({ timeout: 2000 });
  await page.locator(".totals .dim", { hasText: "Offline" }).waitFor({ timeout: 2000 });
  await shot(page, "desktop-offline");
  await page.context().setOffline(false);
  await waitForCount(page, "Completed", 24);
  await page.locator("#live", { hasText: "Live" }).waitFor();
  await arrived("offline", 24);
}));

test("AFullStorageIsToldAtOnceAndResumeGoesOn", () => withPage({ project: "full" }, async (page) => {
  await relay.tell("clear");
  let full = true;
  await page.route(`${relay.url}/**`, (route) => {
    if (!full || route.request().method() !== "PUT") return route.continue();
    return route.fulfill({
      status: 507, contentType: "application/xml", headers: { "Access-Control-Allow-Origin": "*" },
      body: "<Error><Code>ServiceUnavailable</Code><Message>The storage is full.</Message></Error>",
    });
  });
  await dropFiles(page, Array.from({ length: 9 }, (_, index) => ({ name: `${index}.png`, type: "image/png", bytes: png() })));
  await page.getByText("The storage is full. Nothing more is sent until you press Resume.").waitFor({ timeout: 5000 });
  full = false;
  await page.getByRole("button", { name: "Resume" }).click();
  await waitForCount(page, "Completed", 9);
  await arrived("full", 9);
}));

test("FoldersKeepTheirNamesAndHiddenFilesStayBehind", () => withPage({ project: "folders" }, async (page) => {
  await relay.tell("clear");
  const folder = mkdtempSync(join(tmpdir(), "hoist-folder-"));
  try {
    for (const floor of ["floor-1", "floor-2", ".git"]) {
      mkdirSync(join(folder, "site", floor), { recursive: true });
      writeFileSync(join(folder, "site", floor, "IMG_0001.png"), png());
    }
    for (const name of [".DS_Store", "Thumbs.db"]) writeFileSync(join(folder, "site", name), "x");
    await page.locator("#pick-folder").setInputFiles(join(folder, "site"));
    await waitForCount(page, "Completed", 2);
    await page.getByText("site/floor-1").waitFor();
    const { body } = await api(server, "GET", "/uploads?project_id=folders");
    assert.deepEqual(body.uploads.map((upload) => upload.path).sort(), ["site/floor-1/IMG_0001.png", "site/floor-2/IMG_0001.png"]);
    await arrived("folders", 2);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}));
