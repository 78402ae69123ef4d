// The Tasks view of the console: groups as they are worked on, what one waits for, dead letters.

import assert from "node:assert/strict";
import { test } from "node:test";

import { browser, openPage, server, shot, withServerAndBrowser } from "./harness.mjs";

withServerAndBrowser();

test("ATaskIsAddedAndShownDoneInItsGroup", async () => {
  const page = await openPage(browser, server);
  try {
    await page.getByRole("tab", { name: "Tasks" }).click();
    await page.getByText("No tasks yet.").waitFor();
    for (const title of ["Dig", "<img src=x onerror=alert(1)>"]) {
      await page.getByLabel("What is to be done").fill(title);
      await page.getByRole("button", { name: "Add task" }).click();
      await page.waitForFunction(() => document.querySelector(".tasks-form input").value === "");
    }
    const group = page.locator('[data-group="default"]');
    await group.locator("summary").click();
    await group.getByText("<img src=x").waitFor();
    await group.getByText("2 done").waitFor({ timeout: 15_000 });
    await shot(page, "tasks");
    await page.getByLabel("Group", { exact: true }).fill("a/b");
    await page.getByLabel("What is to be done").fill("x");
    await page.getByRole("button", { name: "Add task" }).click();
    await page.getByText("group must be").waitFor();
  } finally {
    await page.context().close();
  }
});
