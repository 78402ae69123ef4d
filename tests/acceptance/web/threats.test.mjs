// What hostile users and hostile pages must not achieve. Names carry the threat's id.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer, request as httpRequest } from "node:http";
import { test } from "node:test";

import { api, browser, dropFiles, openPage, png, server, waitForCount, withServerAndBrowser } from "./harness.mjs";
import { payloads } from "./payloads.mjs";

withServerAndBrowser();

// Another site, on another origin, with one page.
async function foreignSite(html) {
  const site = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(html);
  });
  await new Promise((done) => { site.listen(0, "127.0.0.1", done); });
  return { url: `http://127.0.0.1:${site.address().port}/`, close: () => site.close() };
}

async function openAllRows(page) {
  const rows = Number(await page.locator(".row").first().getAttribute("aria-setsize"));
  await page.locator(".list").focus();
  await page.keyboard.press("Home");
  for (let index = 0; index < rows; index += 1) {
    if (index % 8 === 0) {
      await page.keyboard.press("Enter");
      await page.locator(".drawer[open]").waitFor();
      await page.keyboard.press("Escape");
    }
    await page.keyboard.press("ArrowDown");
  }
}

test("C1_NamesThatAreScriptsAreShownAndNeverRun", async (t) => {
  const bytes = png();
  const files = payloads.map((filename) => ({ filename, content_type: "image/png", size: bytes.length, metadata: { note: filename } }));
  const { status, body } = await api(server, "POST", "/batches", { project_id: "xss", files });
  assert.equal(status, 201);
  const accepted = body.items.filter((item) => item.action === "upload");
  t.diagnostic(`${payloads.length} names, ${accepted.length} accepted`);
  assert.ok(accepted.length >= 150);
  // A few go all the way, so that timelines and pictures are there as well.
  for (const { transfer } of accepted.slice(0, 12)) {
    const put = await fetch(transfer.url, { method: "PUT", headers: transfer.headers, body: bytes });
    assert.equal(put.status, 200, await put.text());
  }
  const page = await openPage(browser, server, { project: "xss" });
  await page.exposeFunction("pwned", () => page.problems.push("a script ran"));
  await waitForCount(page, "All", accepted.length);
  await openAllRows(page);
  await page.getByPlaceholder("Find by name").fill("<img src=x");
  await openAllRows(page);
  // Dropped here as well, so that names the server refuses are shown with the refusal.
  await page.getByPlaceholder("Find by name").fill("");
  await dropFiles(page, payloads.slice(0, 60).map((name) => ({ name, type: "image/png", bytes: Buffer.alloc(0) })));
  await waitForCount(page, "Failed", 60);
  await openAllRows(page);
  const names = new Set(await page.locator(".row .name").allInnerTexts());
  assert.ok(names.size > 0);
  assert.deepEqual(page.problems, []);
  assert.equal(await page.evaluate(() => document.querySelectorAll("main script, main iframe, main svg, main style").length), 0);
  await page.context().close();
});

test("C1_EveryPageForbidsInlineAndForeignScripts", async () => {
  for (const path of ["/", "/docs"]) {
    const { headers } = await api(server, "GET", path);
    const policy = headers.get("content-security-policy") || "";
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /script-src 'self'(;|$)/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.doesNotMatch(policy, /unsafe|\*|data:/, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
  }
});

test("C1_AnInjectedInlineScriptDoesNotRun", async () => {
  const page = await openPage(browser, server);
  const ran = await page.evaluate(async () => {
    window.ran = false;
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    const holder = document.createElement("div");
    holder.innerHTML = "<img src=x onerror='window.ran = true'>";
    document.body.append(holder);
    await new Promise((done) => { setTimeout(done, 200); });
    return window.ran;
  });
  assert.equal(ran, false);
  assert.ok(page.problems.some((problem) => problem.startsWith("policy: script-src")));
  await page.context().close();
});

test("C3_ThePageCannotBeFramed", async () => {
  const site = await foreignSite(`<iframe src="${server.api}/"></iframe>`);
  const page = await browser.newPage();
  await page.goto(site.url);
  const frame = page.frames().find((candidate) => candidate !== page.mainFrame());
  await frame.waitForLoadState().catch(() => {});
  assert.equal(await frame.locator("#sign-in").count(), 0);
  await page.close();
  site.close();
});

test("C2_APageOfAnotherOriginCannotReadTheApi", async () => {
  const site = await foreignSite("<p>evil</p>");
  const page = await browser.newPage();
  await page.goto(site.url);
  const outcome = await page.evaluate(([url, token]) =>
    fetch(`${url}/uploads`, { headers: { Authorization: `Bearer ${token}` } }).then(() => "read", () => "refused"),
  [server.api, server.token]);
  assert.equal(outcome, "refused");
  await page.close();
  site.close();
});

function upgradeStatus(origin) {
  const url = new URL(`${server.api}/ws?access_token=${server.token}`);
  return new Promise((done, fail) => {
    const request = httpRequest(url, {
      headers: {
        Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", ...(origin === undefined ? {} : { Origin: origin }),
      },
    });
    request.on("response", (response) => {
      response.resume();
      done(response.statusCode);
    });
    request.on("upgrade", (response, socket) => {
      socket.destroy();
      done(response.statusCode);
    });
    request.on("error", fail);
    request.end();
  });
}

function mintToken(user) {
  const arguments_ = ["token", "--data", server.data, "--user", user, "--role", "admin"];
  return execFileSync(process.env.HOIST_BIN, arguments_, { encoding: "utf8" }).trim();
}

test("ThePagesTokenIsInNoAddressAndSigningOutEndsIt", async () => {
  const token = mintToken("leaver");
  const page = await browser.newPage();
  const sockets = [];
  const requests = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(`${server.api}/#token=${token}`);
  await page.locator('#live[data-state="on"]').waitFor();
  assert.ok(sockets.length > 0 && sockets.every((url) => url.includes("ticket=")), sockets.join());
  const addresses = [...sockets, ...requests.filter((url) => !url.includes("#token="))];
  for (const url of addresses) assert.ok(!url.includes(token), url);
  await page.locator("#sign-out").click();
  await page.locator("#sign-in").waitFor();
  const { status } = await api({ ...server, token }, "GET", "/uploads");
  assert.equal(status, 401);
  await page.close();
});

test("ASignInLinkThatWasUsedSaysSo", async () => {
  const page = await browser.newPage();
  await page.goto(`${server.api}/#sign-in=used`);
  await page.locator("#sign-in-problem").waitFor();
  assert.match(await page.locator("#sign-in-problem").innerText(), /has been used or has ended/);
  assert.ok(!page.url().includes("sign-in="));
  await page.close();
});

test("H11_AWebSocketFromAForeignOriginIsRefused", async () => {
  const { host } = new URL(server.api);
  assert.equal(await upgradeStatus(server.api), 101, "our own page");
  assert.equal(await upgradeStatus(undefined), 101, "a program; browsers always send an Origin");
  for (const origin of ["http://evil.example", "null", `http://${host}.evil.example`, `http://evil-${host}`, `http://${host.split(":")[0]}`])
    assert.equal(await upgradeStatus(origin), 403, origin);

  const site = await foreignSite("<p>evil</p>");
  const page = await browser.newPage();
  await page.goto(site.url);
  const outcome = await page.evaluate((url) => new Promise((done) => {
    const socket = new WebSocket(url);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  }), `${server.api.replace("http", "ws")}/ws?access_token=${server.token}`);
  assert.equal(outcome, "refused");
  await page.close();
  site.close();
});

test("C6_ContentIsServedFromAnotherOriginAsADownload", async () => {
  const bytes = Buffer.from("<script>alert(1)</script>");
  const { body } = await api(server, "POST", "/uploads",
    { project_id: "html", filename: "page.html", content_type: "text/html", size: bytes.length });
  const put = await fetch(body.transfer.url, { method: "PUT", headers: body.transfer.headers, body: bytes });
  assert.equal(put.status, 200);
  const page = await openPage(browser, server, { project: "html" });
  await waitForCount(page, "Completed", 1);
  const redirect = await api(server, "GET", `/uploads/${body.upload.id}/content`);
  assert.equal(redirect.status, 302);
  const address = redirect.headers.get("location");
  assert.notEqual(new URL(address).origin, server.api);
  const content = await fetch(address);
  assert.match(content.headers.get("content-disposition"), /^attachment/);
  assert.equal(content.headers.get("x-content-type-options"), "nosniff");
  assert.match(content.headers.get("content-security-policy") || "", /sandbox/);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator(".row").first().click().then(() => page.getByRole("button", { name: "Download" }).click()),
  ]);
  assert.equal(download.suggestedFilename(), "page.html");
  await page.context().close();
});
