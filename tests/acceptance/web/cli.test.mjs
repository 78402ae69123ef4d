// hoist put, ls, get and status against a real server, through kills of either side.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { api, binary, eicar, png, startServer } from "./harness.mjs";

let server;
let folder;

before(async () => {
  server = await startServer();
  folder = mkdtempSync(join(tmpdir(), "hoist-cli-"));
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// Starts hoist; `result` answers {code, lines, text, errors} at its end.
function hoist(args, extra = {}) {
  const child = spawn(binary, args, {
    env: { ...process.env, XDG_STATE_HOME: join(folder, "state"), HOIST_SERVER: server.api, HOIST_TOKEN: server.token, ...extra },
  });
  let text = "";
  let errors = "";
  child.stdout.on("data", (piece) => { text += piece; });
  child.stderr.on("data", (piece) => { errors += piece; });
  const result = new Promise((done) => {
    child.on("close", (code) => {
      const lines = text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
      done({ code, lines, text, errors });
    });
  });
  return { child, result, output: () => text };
}

const run = (args, extra) => hoist(args, extra).result;

function pictures(name, count) {
  const path = join(folder, name);
  mkdirSync(join(path, "inner"), { recursive: true });
  for (let index = 0; index < count; index += 1)
    writeFileSync(join(path, index % 2 ? "inner" : ".", `${name}-${index}.png`), png());
  return path;
}

async function listed(project) {
  return (await run(["ls", "--project", project, "--limit", "0", "--json"])).lines;
}

function summaryOf(result) {
  return result.lines.at(-1).summary;
}

test("PutUploadsAFolderAndGetReturnsTheSameBytes", async () => {
  const path = pictures("album", 6);
  writeFileSync(join(path, "señor.txt"), "hello");
  const put = await run(["put", path, "--project", "album", "--json"]);
  assert.equal(put.code, 0, put.errors + put.text);
  assert.equal(summaryOf(put).completed, 7);
  const { id } = put.lines.find((line) => line.path?.endsWith("señor.txt"));
  const get = await run(["get", id, "-o", join(folder, "back.txt")]);
  assert.equal(get.code, 0, get.errors);
  assert.equal(readFileSync(join(folder, "back.txt"), "utf8"), "hello");
  const picture = put.lines.find((line) => line.path?.endsWith("album-0.png"));
  assert.equal((await run(["get", picture.id, "--thumbnail", "256", "-o", join(folder, "small.jpg")])).code, 0);
  assert.match((await run(["status", picture.id])).text, /64x48/);
});

test("PutAgainSendsNothing", async () => {
  const path = pictures("again", 3);
  assert.equal((await run(["put", path, "--project", "again", "--json"])).code, 0);
  const second = await run(["put", path, "--project", "again", "--json"]);
  assert.equal(second.code, 0);
  assert.deepEqual([summaryOf(second).have, summaryOf(second).completed], [3, 0]);
  assert.equal((await listed("again")).length, 3);
});

test("OneBadFileFailsAloneAndTheExitCodeSaysSo", async () => {
  const path = pictures("mixed", 2);
  writeFileSync(join(path, "virus.txt"), eicar());
  writeFileSync(join(path, "empty.txt"), "");
  const put = await run(["put", path, join(folder, "missing.jpg"), "--project", "mixed"]);
  assert.equal(put.code, 1);
  assert.match(put.text, /virus\.txt: \S.{8,}/);
  assert.match(put.text, /empty\.txt: This file is empty/);
  assert.match(put.text, /missing\.jpg: No such file/);
});

test("AKilledPutGoesOnWhereItStopped", async () => {
  const path = pictures("killed", 200);
  const first = hoist(["put", path, "--project", "killed", "--json", "--parallel", "2", "--no-wait"]);
  while (first.output().split("\n").length < 20) await new Promise((done) => { setTimeout(done, 5); });
  first.child.kill("SIGKILL");
  await first.result;
  const second = await run(["put", path, "--project", "killed", "--json"]);
  assert.equal(second.code, 0, second.errors);
  assert.equal(summaryOf(second).completed + summaryOf(second).have, 200);
  assert.equal((await listed("killed")).length, 200, "no file was announced twice");
  assert.deepEqual(readdirSync(join(folder, "state", "hoist")), []);
});

test("PutOutlivesAKillOfTheServer", async () => {
  const path = pictures("outage", 120);
  const put = hoist(["put", path, "--project", "outage", "--json", "--parallel", "2"]);
  for (;;) {
    const { body } = await api(server, "GET", "/uploads?project_id=outage&limit=200");
    if (body.uploads.filter((upload) => upload.status !== "PENDING").length >= 10) break;
  }
  await server.killAndRestart();
  const result = await put.result;
  assert.equal(result.code, 0, result.errors + result.text.slice(-2000));
  assert.equal(summaryOf(result).completed, 120);
  assert.equal((await listed("outage")).length, 120);
});

test("ALargeFileGoesOnInTheMiddle", async () => {
  const path = join(folder, "large.bin");
  const bytes = randomBytes(60_000_000);
  writeFileSync(path, bytes);
  const first = hoist(["put", path, "--project", "large", "--json", "--parallel", "1"]);
  let id = "";
  for (;;) {
    const { body } = await api(server, "GET", "/uploads?project_id=large");
    id = body.uploads[0]?.id || "";
    if (!id) continue;
    const parts = await api(server, "POST", `/uploads/${id}/parts`, {});
    if (!parts.body.stored || parts.body.stored.length >= 2) break;
  }
  first.child.kill("SIGKILL");
  await first.result;
  const second = await run(["put", path, "--project", "large", "--json"]);
  assert.equal(second.code, 0, second.errors + second.text);
  assert.equal((await listed("large")).length, 1);
  const get = await run(["get", id, "-o", join(folder, "large.back")]);
  assert.equal(get.code, 0, get.errors);
  assert.ok(readFileSync(join(folder, "large.back")).equals(bytes));
});

test("FollowTellsEveryChange", async () => {
  const follow = hoist(["status", "--follow", "--json"]);
  while (!follow.output().includes("counts")) await new Promise((done) => { setTimeout(done, 20); });
  const path = pictures("follow", 1);
  assert.equal((await run(["put", path, "--project", "follow"])).code, 0);
  const until = Date.now() + 20_000;
  while (!/"project_id":"follow".*"COMPLETED"/.test(follow.output()) && Date.now() < until)
    await new Promise((done) => { setTimeout(done, 20); });
  follow.child.kill();
  const { lines } = await follow.result;
  const states = lines.filter((line) => line.upload?.project_id === "follow").map((line) => line.upload.status);
  const moves = states.filter((state, at) => state !== states[at - 1]);  // stages within a state are told, too
  assert.deepEqual(moves.slice(-3), ["UPLOADED", "PROCESSING", "COMPLETED"]);
});

test("ExitCodesTellWhatIsWrong", async () => {
  const [path] = [pictures("codes", 1)];
  assert.equal((await run(["ls"], { HOIST_SERVER: "http://127.0.0.1:1" })).code, 6);
  assert.equal((await run(["put", path], { HOIST_TOKEN: "wrong" })).code, 3);
  assert.equal((await run(["put"])).code, 2);
  assert.equal((await run(["put", path, "--project", "no spaces"])).code, 2);
  assert.equal((await run(["get", "00000000-0000-7000-8000-000000000000"])).code, 5);
});
