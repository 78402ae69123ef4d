// The HTTP API. Failures are ApiError with a sentence to show; what passes by itself is retried.

import { token } from "./session.js";
import { language, t } from "./words.js";

const attemptsMax = 6;
const answerMs = 60_000;

export class ApiError extends Error {
  constructor(status, code, message, fields = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

// A reason is a sentence of its own, or goes on from the field's name.
export function saidOf(field, reason) {
  return reason.endsWith(".") ? reason : `${field} ${reason}.`;
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Doubling from half a second to 30, with jitter, never shorter than the server asks for.
export function backoff(attempt, retryAfterSeconds = 0) {
  const ceiling = Math.min(30_000, 500 * 2 ** (attempt - 1));
  return Math.max(ceiling / 2 + (Math.random() * ceiling) / 2, retryAfterSeconds * 1000);
}

async function errorOf(response) {
  const problem = await response.json().catch(() => ({}));
  const message = problem.detail || problem.title || t("serverAnswered", { status: String(response.status) });
  return new ApiError(response.status, problem.code || "", message, problem.errors || []);
}

// Who asks, and in which language sentences are to be answered.
const identity = () => ({ Authorization: `Bearer ${token()}`, "Accept-Language": language });

// A full storage does not: somebody has to make room.
function passesByItself(status) {
  return status === 429 || (status >= 500 && status !== 507);
}

// With a `link`, it says when to give up, whatever the number of attempts.
export async function call(method, path, body, { attempts = attemptsMax, key, quiet = false, link } = {}) {
  const began = Date.now();
  const last = (attempt) => (link ? link.givenUp(began) : attempt >= attempts);
  const headers = { ...identity(), Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = key || crypto.randomUUID?.() || String(Math.random()).slice(2);
  for (let attempt = 1; ; attempt += 1) {
    let response = null;
    try {
      response = await fetch(path, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store",
        signal: AbortSignal.timeout(answerMs),
      });
    } catch {
      if (last(attempt)) throw new ApiError(0, "unreachable", t("unreachable"));
    }
    if (response && !passesByItself(response.status)) link?.carried();
    if (response && response.ok) {
      if (response.status === 204) return {};
      const answer = await response.json().catch(() => null);
      if (answer || last(attempt)) return answer; // the way may break in the middle of it
    }
    if (response && !response.ok && (!passesByItself(response.status) || last(attempt))) {
      const error = await errorOf(response);
      if (error.status === 401 && !quiet) document.dispatchEvent(new CustomEvent("hoist:signed-out"));
      throw error;
    }
    const retryAfter = Number(response?.headers.get("Retry-After")) || 0;
    if (link) await link.pause(attempt, retryAfter);
    else await pause(backoff(attempt, retryAfter));
  }
}

export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body, options) => call("POST", path, body, options);
export const remove = (path, options) => call("DELETE", path, undefined, options);

// The browser sends it even though the page goes; nobody is there to hear the answer.
export function removeWhileLeaving(path) {
  fetch(path, { method: "DELETE", headers: identity(), keepalive: true });
}

// The presigned address that a file's content redirects to, for the browser to download from: the
// redirect is followed as far as the headers, so the file does not pass through this page.
export async function addressOfContent(id) {
  const control = new AbortController();
  const response = await fetch(`/uploads/${id}/content`, {
    headers: identity(), signal: control.signal, cache: "no-store",
  });
  if (!response.ok) throw await errorOf(response);
  control.abort();
  return response.url;
}
