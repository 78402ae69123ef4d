// Checks the event log in this browser, with nothing of the server's word but its key: the signature
// of the latest checkpoint, that an event is under its root, and that the log only grew since the
// checkpoint this browser kept at its last visit. The first visit trusts the key it is given.
// Source: RFC 9162 sections 2.1.3.2 and 2.1.4.2, RFC 8032.

import { ApiError, get } from "./api.js";
import { t } from "./words.js";

const keptPrefix = "hoist.checkpoint.";

function bytesOf(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

async function node(left, right) {
  const joined = new Uint8Array(1 + left.length + right.length);
  joined[0] = 1;
  joined.set(left, 1);
  joined.set(right, 1 + left.length);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
}

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
const isOdd = (number) => number % 2 === 1;
const half = (number) => Math.floor(number / 2);

export async function includes({ leaf, index, size, path, root }) {
  let [at, last, hash] = [index, size - 1, leaf];
  if (at > last) return false;
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hash = await node(sibling, hash);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = await node(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(hash, root);
}

function isPowerOfTwo(number) {
  while (!isOdd(number)) number = half(number);
  return number === 1;
}

export async function grew({ first, second, path, firstRoot, secondRoot }) {
  if (first === second) return path.length === 0 && same(firstRoot, secondRoot);
  const hashes = isPowerOfTwo(first) ? [firstRoot, ...path] : [...path];
  if (hashes.length === 0) return false;
  let [at, last] = [first - 1, second - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  let [older, newer] = [hashes[0], hashes[0]];
  for (const hash of hashes.slice(1)) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      older = await node(hash, older);
      newer = await node(hash, newer);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      newer = await node(newer, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(older, firstRoot) && same(newer, secondRoot);
}

async function isSigned(checkpoint, publicKey) {
  const { at, chain, root, size, tenant } = checkpoint;
  // Members in order of their names: the canonical JSON that was signed.
  const text = `hoist-event-checkpoint-v1\n${JSON.stringify({ at, chain, root, size, tenant })}`;
  const key = await crypto.subtle.importKey("raw", bytesOf(publicKey), { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, bytesOf(checkpoint.signature), new TextEncoder().encode(text));
}

function refuse(key) {
  throw new ApiError(0, "altered", t("notVerified", { reason: t(key) }));
}

async function latestCheckpoint(log, after) {
  let latest = null;
  for (let next = after; next !== null;) {
    const page = await get(`/event-checkpoints?log=${log}&after=${next}&limit=1000`);
    latest = page.checkpoints.at(-1) ?? latest;
    next = page.nextAfter;
  }
  return latest;
}

// Answers a sentence that says what was checked; throws one that says what is wrong.
export async function verifyLog(log, eventId) {
  if (!crypto.subtle) refuse("verifyNeedsHttps");
  const { publicKey } = await get("/event-key");
  const kept = JSON.parse(localStorage.getItem(keptPrefix + log) || "null");
  if (kept && kept.publicKey !== publicKey) refuse("verifyOtherKey");
  const latest = (await latestCheckpoint(log, kept ? kept.checkpoint.size - 1 : 0)) ?? kept?.checkpoint;
  if (!latest) return t("verifyNoCheckpoint");
  if (!(await isSigned(latest, publicKey))) refuse("verifyBadSignature");
  const said = [t("verifiedSigned", { count: latest.size })];
  if (kept) {
    if (kept.checkpoint.tenant !== latest.tenant) return keep(log, publicKey, latest, said);
    const proof = await get(`/event-proofs/consistency?log=${log}&first=${kept.checkpoint.size}&second=${latest.size}`);
    const consistent = await grew({
      first: kept.checkpoint.size, second: latest.size, path: proof.path.map(bytesOf),
      firstRoot: bytesOf(kept.checkpoint.root), secondRoot: bytesOf(latest.root),
    });
    if (!consistent) refuse("verifyRewritten");
    said.push(t("verifiedGrew", { number: kept.checkpoint.size }));
  }
  if (eventId) said.push(await includedOrNot(log, eventId, latest));
  return keep(log, publicKey, latest, said);
}

async function includedOrNot(log, eventId, latest) {
  const question = `/event-proofs/inclusion?log=${log}&eventId=${eventId}&size=${latest.size}`;
  const proof = await get(question).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
  if (!proof) return t("verifiedWaits");
  const included = await includes({
    leaf: bytesOf(proof.leaf), index: proof.index, size: latest.size, path: proof.path.map(bytesOf),
    root: bytesOf(latest.root),
  });
  if (!included) refuse("verifyNotSigned");
  return t("verifiedNewest");
}

function keep(log, publicKey, checkpoint, said) {
  localStorage.setItem(keptPrefix + log, JSON.stringify({ publicKey, checkpoint }));
  return t("verified", { facts: said.join("; ") });
}
