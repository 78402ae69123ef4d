// A real `hoist serve` on free ports and a real Chromium, for the tests beside this file.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { crc32 as zlibCrc32, deflateSync } from "node:zlib";

import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
export const binary = process.env.HOIST_BIN || resolve(here, "../../../build/dev/src/bin/hoist");
const chromiumPath = process.env.CHROMIUM || "/usr/bin/chromium";
const startMs = 60_000;

// The limits on calls are for people; a test makes more of them.
const settings = {
  HOIST_LIMITS_REQUESTS_PER_MINUTE_PER_IP: "100000",
  HOIST_LIMITS_REQUESTS_PER_MINUTE_PER_USER: "100000",
  HOIST_LIMITS_INITIATIONS_PER_MINUTE_PER_USER: "10000",
};

function launch(data, listen, objectsListen, extra = {}) {
  const log = [];
  const child = spawn(binary, ["serve", "--data", data, "--listen", listen, "--objects-listen", objectsListen],
    { env: { ...process.env, ...settings, ...extra }, stdio: ["ignore", "pipe", "pipe"] });
  createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
  const ended = new Promise((done) => { child.on("exit", done); });
  const ready = new Promise((done, fail) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      log.push(line);
      const match = line.match(/^ready api=(\S+) objects=(\S+)/);
      if (match) done({ api: match[1].replace(/\/$/, ""), objects: match[2].replace(/\/$/, "") });
    });
    child.on("error", fail);
    ended.then(() => fail(new Error(`hoist serve ended:\n${log.join("\n")}`)));
    setTimeout(() => fail(new Error(`hoist serve is not ready:\n${log.join("\n")}`)), startMs).unref();
  });
  return { child, ended, ready, log };
}

// With `objects` {port, url}, the object endpoint listens there and is known to clients by that address.
export async function startServer({ objects } = {}) {
  const data = mkdtempSync(join(tmpdir(), "hoist-web-"));
  const extra = objects ? { HOIST_SERVER_OBJECTS_URL: objects.url } : {};
  let running = launch(data, "127.0.0.1:0", `127.0.0.1:${objects?.port || 0}`, extra);
  const addresses = await running.ready;
  const { token } = JSON.parse(readFileSync(join(data, "cli.json"), "utf8"));
  const listen = (url) => new URL(url).host;
  return {
    ...addresses, token, data,
    // As a power cut would, as far as the process is concerned; then the same server again.
    async killAndRestart() {
      running.child.kill("SIGKILL");
      await running.ended;
      running = launch(data, listen(addresses.api), objects ? `127.0.0.1:${objects.port}` : listen(addresses.objects), extra);
      await running.ready;
    },
    async stop() {
      running.child.kill("SIGTERM");
      await running.ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

// A token of its own, for a test that ends it.
export function mintToken(server, user) {
  return execFileSync(binary, ["token", "--data", server.data, "--user", user, "--role", "admin"],
    { encoding: "utf8" }).trim();
}

export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

// A link that breaks as tests/acceptance/links/relay.py says; `tell` sends it a command.
export async function startRelay(port, ...options) {
  const child = spawn("python3", [resolve(here, "../links/relay.py"), `127.0.0.1:${port}`, ...options],
    { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value } = await lines.next();
  return {
    url: `http://127.0.0.1:${value}`,
    async tell(command) {
      child.stdin.write(`${command}\n`);
      await lines.next();
    },
    async stop() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

export function startBrowser() {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--disable-features=LocalNetworkAccessChecks"], // of a page that stands in for the server's
  });
}

// HOIST_WEB names a folder whose files stand in for those compiled into the binary, while one writes them.
async function serveFrom(folder, context, server) {
  await context.route(`${server.api}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    const path = join(folder, pathname === "/" ? "index.html" : pathname);
    return pathname.includes("..") || !existsSync(path) ? route.fallback() : route.fulfill({ path });
  });
}

// One of each for all tests of a file, between its first and its last.
export let server;
export let browser;
export function withServerAndBrowser() {
  before(async () => {
    server = await startServer();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
}

// A page that is signed in. `page.problems` collects what must never happen: script errors, dialogs and
// breaches of the content policy.
export async function openPage(browser, server, { project, viewport, init, token = server.token, ...options } = {}) {
  const context = await browser.newContext({ viewport: viewport || { width: 1280, height: 800 }, ...options });
  if (process.env.HOIST_WEB) await serveFrom(process.env.HOIST_WEB, context, server);
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    // Leaving while files are on their way is asked about; the tests mean it.
    if (dialog.type() === "beforeunload") return dialog.accept();
    page.problems.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  await page.exposeFunction("noteBreach", (text) => page.problems.push(`policy: ${text}`));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      window.noteBreach(`${event.violatedDirective} ${event.blockedURI}`));
  });
  if (project) await page.addInitScript((name) => localStorage.setItem("hoist.project", name), project);
  if (init) await page.addInitScript(init);
  await page.goto(`${server.api}/#token=${token}`);
  await page.locator(".drop").waitFor();
  return page;
}

// A page for one test, which fails if any of its `problems` happened.
export async function usePage(browser, server, options, body) {
  const page = await openPage(browser, server, options);
  try {
    await body(page);
    assert.deepEqual(page.problems, []);
  } finally {
    await page.context().close();
  }
}

// Drops files on the page as a person would: files = [{name, type, bytes}].
export async function dropFiles(page, files) {
  const plain = files.map(({ name, type, bytes }) => ({ name, type, text: bytes.toString("base64") }));
  await page.evaluate((list) => {
    const transfer = new DataTransfer();
    for (const { name, type, text } of list) {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type }));
    }
    document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: transfer }));
  }, plain);
}

// The number beside a filter's name; 0 while it is not shown.
export function groupCount(page, title) {
  return page.evaluate((wanted) => {
    const buttons = [...document.querySelectorAll(".groups button")];
    const button = buttons.find((candidate) => candidate.firstChild.textContent === wanted);
    return Number(button?.querySelector(".number").textContent.replaceAll(",", "") || "0");
  }, title);
}

export async function waitForCount(page, title, count, timeout = 90_000) {
  const until = Date.now() + timeout;
  while ((await groupCount(page, title)) !== count) {
    if (Date.now() > until) {
      const rows = await page.locator(".row").allInnerTexts();
      throw new Error(`${title}: ${await groupCount(page, title)} instead of ${count}\n${rows.join("\n")}`);
    }
    await page.waitForTimeout(100);
  }
}

export function rowOf(page, name) {
  return page.locator(".row").filter({ has: page.getByText(name, { exact: true }) }).first();
}

export async function shot(page, name) {
  if (!process.env.HOIST_SHOTS) return;
  mkdirSync(process.env.HOIST_SHOTS, { recursive: true });
  await page.screenshot({ path: join(process.env.HOIST_SHOTS, `${name}.png`) });
}

export async function api(server, method, path, body) {
  const response = await fetch(server.api + path, {
    method, redirect: "manual",
    headers: { Authorization: `Bearer ${server.token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith("{") ? JSON.parse(text) : text };
}

function crc32(bytes) {
  if (zlibCrc32) return zlibCrc32(bytes);
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

// A valid picture, unlike any other: two random colours, one above the other.
export function png(width = 64, height = 48) {
  const colours = [randomBytes(3), randomBytes(3)];
  const rows = [];
  for (let y = 0; y < height; y += 1) {
    const colour = colours[y < height / 2 ? 0 : 1];
    rows.push(Buffer.from([0]), Buffer.concat(Array(width).fill(colour)));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))]);
}

export function pictures(count, prefix = "photo") {
  return Array.from({ length: count }, (_, index) => ({ name: `${prefix}-${index}.png`, type: "image/png", bytes: png() }));
}

// A real photograph's format, made by the browser itself.
export async function jpeg(page, width = 320, height = 240) {
  const text = await page.evaluate(async ([w, h]) => {
    const canvas = document.createElement("canvas");
    canvas.width = w;
    canvas.height = h;
    const paint = canvas.getContext("2d");
    for (let x = 0; x < w; x += 8)
      for (let y = 0; y < h; y += 8) {
        paint.fillStyle = `rgb(${Math.random() * 255},${Math.random() * 255},${Math.random() * 255})`;
        paint.fillRect(x, y, 8, 8);
      }
    return canvas.toDataURL("image/jpeg", 0.9).split(",")[1];
  }, [width, height]);
  return Buffer.from(text, "base64");
}

// The harmless test virus, in two pieces so that this file is not taken for it.
export function eicar() {
  return Buffer.from("X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", "latin1");
}

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
