// hoist events ls, tail, key, export, verify and reconcile against a real server.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { binary, startServer } from "./harness.mjs";

let server;
let folder;

before(async () => {
  server = await startServer();
  folder = mkdtempSync(join(tmpdir(), "hoist-events-"));
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(...args) {
  const child = spawn(binary, ["events", ...args],
    { env: { ...process.env, HOIST_SERVER: server.api, HOIST_TOKEN: server.token } });
  let text = "";
  let errors = "";
  child.stdout.on("data", (piece) => { text += piece; });
  child.stderr.on("data", (piece) => { errors += piece; });
  const ended = new Promise((done) => { child.on("close", (code) => done({ code, text, errors })); });
  return { child, ended, output: () => text };
}
const run = (...args) => start(...args).ended;

async function record(userId, details) {
  const response = await fetch(`${server.api}/events`, {
    method: "POST", body: JSON.stringify({ userId, eventType: "step", details }),
    headers: { Authorization: `Bearer ${server.token}`, "Content-Type": "application/json" },
  });
  assert.equal(response.status, 201);
}

async function until(condition) {
  for (const deadline = Date.now() + 20_000; !condition();) {
    assert.ok(Date.now() < deadline, "waited too long");
    await new Promise((next) => setTimeout(next, 20));
  }
}

test("EventsAreListedAndFollowed", async () => {
  for (let n = 0; n < 3; n += 1) await record(n === 1 ? "ben" : "ana", { n });
  const all = await run("ls", "--json");
  assert.deepEqual(all.text.trim().split("\n").map((line) => JSON.parse(line).details.n), [2, 1, 0]);
  const mine = await run("ls", "ana", "--json", "--limit", "1");
  assert.deepEqual(mine.text.trim().split("\n").map((line) => JSON.parse(line).details.n), [2]);
  const tail = start("tail", "--limit", "2", "--json");
  await until(() => tail.output().split("\n").length > 2);
  await record("eva", { n: 3 });
  await until(() => tail.output().includes('"eva"'));
  tail.child.kill("SIGINT");
  await tail.ended;
  assert.deepEqual(tail.output().trim().split("\n").map((line) => JSON.parse(line).sequence), [2, 3, 4]);
});

test("AnExportWithOneChangedByteFailsVerifyAtThatEvent", async () => {
  await record("ana", { amount: 1000 });
  const file = join(folder, "log.ndjson");
  const key = join(folder, "key.txt");
  writeFileSync(key, (await run("key")).text);
  assert.equal((await run("export", "-o", file)).code, 0);
  const good = await run("verify", file, "--key", key);
  assert.equal(good.code, 0, good.text + good.errors);
  assert.match(good.text, /^Unaltered: events 1 to \d+ of main/);
  const forged = join(folder, "forged.ndjson");
  writeFileSync(forged, readFileSync(file, "utf8").replace('"amount":1000', '"amount":9000'));
  const bad = await run("verify", forged, "--key", key);
  assert.equal(bad.code, 1);
  assert.match(bad.text, /^ALTERED: event \d+, line \d+: the details do not match their hash/);
  assert.equal((await run("verify", join(folder, "none"), "--key", key)).code === 0, false);
  assert.equal((await run("verify", file, "--key", "nonsense")).code, 2);
  const audit = join(folder, "audit.ndjson");
  assert.equal((await run("export", "--audit", "-o", audit)).code, 0);
  assert.equal((await run("verify", audit, "--key", key)).code, 0);
  assert.match((await run("export", "--format", "csv")).text, /^sequence,eventId/);
});

test("TheStoresAreEqualAfterAKill", async () => {
  let acknowledged = 0;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let n = 0; n < 200; n += 1) {
      try {
        await record(`w${writer}`, { n });
        acknowledged += 1;
      } catch { return; } // the server was killed
    }
  });
  await until(() => acknowledged > 100);
  await server.killAndRestart();
  await Promise.all(writers);
  const report = await run("reconcile", "--data", server.data, "--repair");
  assert.equal(report.code, 0, report.text + report.errors);
  const checked = report.text.match(/^main: (\d+) events, 0 pending, 0 missing, 0 orphaned, 0 altered, 0 emptied without a notice$/m);
  assert.ok(checked, report.text);
  assert.ok(Number(checked[1]) >= acknowledged);
  const listed = (await run("ls", "--limit", "0", "--json")).text.trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(listed.every((event) => typeof event.details.status === "undefined"), "details are pending");
  console.log(`acknowledged ${acknowledged}, events ${checked[1]}, lost 0`);
});
