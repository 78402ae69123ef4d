// What a person does with files that are there: deletes, searches, tries again, changes the project.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { api, binary, browser, dropFiles, groupCount, pictures, png, rowOf, server, shot, usePage, waitForCount, withServerAndBrowser } from "./harness.mjs";

withServerAndBrowser();

const withPage = (options, body) => usePage(browser, server, options, body);

async function until(what, timeout = 20_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await what();
    if (found) return found;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

async function statusOf(project, name) {
  const { body } = await api(server, "GET", `/uploads?project_id=${project}&limit=200`);
  return body.uploads.find((upload) => upload.filename === name || upload.status === "DELETED")?.status;
}

async function remember(project, count, name = (index) => `${index}.jpg`) {
  for (let from = 0; from < count; from += 500) {
    const files = Array.from({ length: Math.min(500, count - from) },
      (_, index) => ({ filename: name(from + index), content_type: "image/jpeg", size: 1000 }));
    assert.equal((await api(server, "POST", "/batches", { project_id: project, files })).status, 201);
  }
}

async function deleteFile(page, name) {
  await rowOf(page, name).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("Delete this file for everyone?").waitFor();
}

test("DeletingAsksAndCanBeUndone", () => withPage({ project: "trash" }, async (page) => {
  await dropFiles(page, pictures(2));
  await waitForCount(page, "Completed", 2);
  await deleteFile(page, "photo-0.png");
  await shot(page, "desktop-delete");
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("button", { name: "Yes, delete" }).click();
  await page.getByText("photo-0.png is deleted").waitFor();
  await waitForCount(page, "All", 1);
  await shot(page, "desktop-undo");
  assert.equal(await statusOf("trash", "photo-0.png"), "COMPLETED", "nothing is sent yet");
  await page.getByRole("button", { name: "Undo" }).click();
  await waitForCount(page, "All", 2);
  await rowOf(page, "photo-0.png").waitFor();
  assert.equal(await statusOf("trash", "photo-0.png"), "COMPLETED");

  await deleteFile(page, "photo-0.png");
  await page.getByRole("button", { name: "Yes, delete" }).click();
  await until(async () => (await statusOf("trash", "photo-0.png")) === "DELETED");
  await page.locator(".undo").waitFor({ state: "hidden" });
  await waitForCount(page, "All", 1);
}));

test("WhatWasDeletedGoesWhenThePageIsLeft", () => withPage({ project: "left" }, async (page) => {
  await dropFiles(page, pictures(1));
  await waitForCount(page, "Completed", 1);
  await deleteFile(page, "photo-0.png");
  await page.getByRole("button", { name: "Yes, delete" }).click();
  await page.getByText("photo-0.png is deleted").waitFor();
  await page.goto(`${server.api}/health`);
  await until(async () => (await statusOf("left", "photo-0.png")) === "DELETED", 5000);
}));

test("AnInvalidProjectHoldsFilesBackUntilItIsRight", () => withPage({ project: "torre-vieja" }, async (page) => {
  await page.locator("#project").fill("Torre Norte");
  await dropFiles(page, pictures(2));
  await page.getByText("A project's name is").waitFor();
  await page.getByText("2 files wait").waitFor();
  await shot(page, "desktop-wrong-project");
  const { body } = await api(server, "GET", "/projects");
  assert.deepEqual(body.projects.filter(({ id }) => id.startsWith("torre")), [], "nothing was sent");
  await page.locator("#project").fill("  Torre Ñandú (2) ");
  await page.getByRole("button", { name: "Use “Torre-Nandu-2”" }).click();
  await waitForCount(page, "Completed", 2);
  assert.equal(await page.locator("#project-wrong").isVisible(), false);
  const after = await api(server, "GET", "/projects?project_id=torre-vieja");
  assert.deepEqual(after.body.projects, []);
}));

test("FilesForAnotherProjectWaitForThoseOnTheirWay", () => withPage({ project: "busy-a" }, async (page) => {
  let open;
  const opened = new Promise((done) => { open = done; });
  await page.route(`${server.objects}/**`, async (route) => {
    await opened;
    await route.continue().catch(() => {});
  });
  await dropFiles(page, pictures(2, "first"));
  await page.locator(".row .state", { hasText: "Uploading" }).first().waitFor();
  await page.locator("#project").fill("busy-b");
  await dropFiles(page, pictures(3, "second"));
  await page.getByText("3 files for busy-b wait").waitFor();
  open();
  await waitForCount(page, "Completed", 3);
  for (const [project, count] of [["busy-a", 2], ["busy-b", 3]]) {
    const { body } = await api(server, "GET", `/projects?project_id=${project}`);
    assert.equal(body.projects[0].files, count);
  }
}));

test("ThePageOpensOnTheProjectThatFilesCameToLast", async () => {
  await remember("oldest", 1);
  await remember("newest", 3);
  await withPage({}, async (page) => {
    await waitForCount(page, "All", 3);
    assert.equal(await page.locator("#project").inputValue(), "newest");
    await page.locator("#project").fill("oldest");
    await page.locator("#project").press("Enter");
    await waitForCount(page, "All", 1);
    await page.reload();
    await waitForCount(page, "All", 1);
  });
});

test("CountsAndSearchAreTheServers", async () => {
  await remember("thousands", 2500, (index) => `${index % 100 === 7 ? "FACHADA" : "IMG"}-${String(index).padStart(4, "0")}.jpg`);
  await withPage({ project: "thousands" }, async (page) => {
    await waitForCount(page, "All", 2500);
    await page.getByText("0 of 2,500 files completed").waitFor();
    await shot(page, "desktop-2500");
    await page.getByPlaceholder("Find by name").fill("fachada-0007");
    await rowOf(page, "FACHADA-0007.jpg").waitFor();
    await page.getByPlaceholder("Find by name").fill("fachada");
    await page.locator(".row[aria-setsize='25']").first().waitFor();
    await page.getByPlaceholder("Find by name").fill("nowhere");
    await page.getByText("No file matches.").waitFor();
    await page.getByPlaceholder("Find by name").fill("");
    await page.locator(".row").first().waitFor();
    await page.locator(".list").focus();
    await until(async () => {
      await page.keyboard.press("End");
      return (await page.locator(".row[aria-posinset='2500']").count()) > 0;
    });
  });
});

// The answers to an older question come after those to a newer one.
test("PagesOfTwoLoadsDoNotMix", async () => {
  await remember("mixed", 2500);
  await remember("other", 1);
  await withPage({ project: "other" }, async (page) => {
    await waitForCount(page, "All", 1);
    const held = [];
    let hold = true;
    await page.route(/\/uploads\?project_id=mixed/, (route) => {
      if (hold) held.push(route);
      else route.continue();
    });
    const choose = async (project) => {
      await page.locator("#project").fill(project);
      await page.locator("#project").press("Enter");
    };
    await choose("mixed");
    await until(() => held.length > 0);
    await choose("other");
    await rowOf(page, "0.jpg").waitFor();
    hold = false;
    await choose("mixed");
    await page.locator(".row[aria-setsize='2000']").first().waitFor();
    const answered = page.waitForResponse((response) => response.request() === held[0].request());
    await held[0].continue();
    await (await answered).finished();
    await page.locator(".list").focus();
    await until(async () => {
      await page.keyboard.press("End");
      return (await page.locator(".row[aria-posinset='2500']").count()) > 0;
    });
    assert.equal(await page.locator(".row[aria-setsize='2500'] .name").last().innerText(), "0.jpg");
  });
});

// A ZIP archive of nothing that says it needs a password.
function lockedArchive() {
  const name = Buffer.from("plans.txt");
  const header = (mark, size, places) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32LE(mark, 0);
    for (const [at, value] of places) bytes.writeUInt16LE(value, at);
    return bytes;
  };
  const local = Buffer.concat([header(0x04034b50, 30, [[4, 20], [6, 1], [26, name.length]]), name]);
  const central = Buffer.concat([header(0x02014b50, 46, [[4, 20], [6, 20], [8, 1], [28, name.length]]), name]);
  const end = header(0x06054b50, 22, [[8, 1], [10, 1]]);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

test("AFileThatTheServerFailedIsTriedAgain", () => withPage({ project: "again" }, async (page) => {
  await dropFiles(page, [{ name: "plans.zip", type: "application/zip", bytes: lockedArchive() }]);
  await waitForCount(page, "Failed", 1);
  await page.getByText("protected by a password").first().waitFor();
  execFileSync(binary, ["tenant", "set", "main", "--unscannable", "allow", "--data", server.data]);
  await rowOf(page, "plans.zip").click();
  await page.locator(".drawer").getByRole("button", { name: "Try again" }).click();
  await waitForCount(page, "Completed", 1);
  assert.equal(await groupCount(page, "Failed"), 0);
  await page.locator(".drawer .reason").waitFor({ state: "detached" });
}));
