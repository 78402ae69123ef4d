// One PUT to the object endpoint, with progress: what fetch cannot tell and XMLHttpRequest can.

import { t } from "./words.js";

export class PutError extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status; // 0: no answer
    this.retryAfter = retryAfter;
  }

  get expired() {
    // The URL itself, or the credentials of a role that it was signed with.
    return (this.status === 403 && this.message.includes("Request has expired"))
      || (this.status === 400 && this.message.includes("token has expired"));
  }

  get full() {
    return this.status === 507;
  }

  get passing() {
    return !this.full && (this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500);
  }
}

const stallMs = 30_000; // in which nothing moves
const bytesPerMsMin = 4; // of what the system has taken and not sent yet

const forbidden = new Set(["content-length", "host"]); // the browser writes these itself

function messageOf(request) {
  const xml = new DOMParser().parseFromString(request.responseText, "application/xml");
  return xml.querySelector("Message")?.textContent || t("storeAnswered", { status: String(request.status) });
}

// Answers a promise; `signal` aborts it.
export function put(url, headers, blob, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers))
      if (!forbidden.has(name.toLowerCase())) request.setRequestHeader(name, value);
    let stalled = false;
    let watchdog = 0;
    const alive = (milliseconds) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => { stalled = true; request.abort(); }, milliseconds);
    };
    alive(stallMs);
    request.upload.onprogress = (event) => {
      alive(stallMs);
      onProgress(event.loaded);
    };
    request.upload.onload = () => alive(stallMs + blob.size / bytesPerMsMin);
    request.onloadend = () => clearTimeout(watchdog);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve();
      reject(new PutError(request.status, messageOf(request), Number(request.getResponseHeader("Retry-After")) || 0));
    };
    request.onerror = () => reject(new PutError(0, t("storeUnreachable")));
    request.onabort = () => reject(stalled
      ? new PutError(0, t("storeUnreachable")) : new DOMException("Paused", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(blob);
  });
}
