// What is known about the way to the server: whether it carries anything, and how much in one piece. Those who
// wait for it wait together: the first that gets through wakes the others.

import { backoff } from "./api.js";
import { duration } from "./format.js";
import { t } from "./words.js";

const giveUpAfterMs = 3_600_000; // in which nothing got through
const toldAfterMs = 2000; // shorter breaks are nobody's business
const mega = 1024 * 1024;
const cutFromBytes = mega;
const partBytesMin = mega / 4; // as the API allows
const partBreaksMax = 3;

export class Link {
  constructor(onChange) {
    this.onChange = onChange;
    this.carriedAt = 0;
    this.failingSince = 0;
    this.waiting = new Set(); // {until, wake}
    this.busy = false; // it is the server that asked to wait
    this.partBytes = 4 * mega; // what the link is trusted with
    addEventListener("offline", () => onChange());
    addEventListener("online", () => this.wakeAll());
  }

  carried() {
    this.carriedAt = Date.now();
    this.failingSince = 0;
    this.wakeAll();
  }

  wakeAll() {
    for (const place of this.waiting) place.wake(true);
    this.onChange();
  }

  // Waits before the next attempt; answers whether something else got through meanwhile.
  async pause(attempt, retryAfterSeconds = 0, signal = undefined) {
    this.failingSince ||= Date.now();
    this.busy = retryAfterSeconds > 0;
    const delay = backoff(attempt, retryAfterSeconds);
    const place = { until: Date.now() + delay };
    const woken = new Promise((resolve) => { place.wake = resolve; });
    const timer = setTimeout(() => place.wake(false), delay);
    const abort = () => place.wake(false);
    signal?.addEventListener("abort", abort, { once: true });
    if (!this.busy) this.waiting.add(place);
    const answer = await woken;
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    this.waiting.delete(place);
    return answer;
  }

  givenUp(began) {
    return Date.now() - Math.max(began, this.carriedAt) > giveUpAfterMs;
  }

  // "Offline, trying again in 8 s"; empty while the link carries.
  notice() {
    if (!navigator.onLine) return t("offlineGoesOn");
    if (!this.failingSince || Date.now() - this.failingSince < toldAfterMs) return "";
    const who = this.busy ? "busy" : "offline";
    const left = Math.ceil((Math.min(...[...this.waiting].map((place) => place.until)) - Date.now()) / 1000);
    return left > 0 && Number.isFinite(left) ? t(`${who}Retry`, { time: duration(left) }) : t(`${who}RetryNow`);
  }
}

// The part size for a file of `bytes`, after a transfer of `broken` bytes of it broke off `times` times in a row;
// 0: as it is. A whole file is cut at once, parts only when they keep breaking.
export function partSizeAfter(bytes, broken, times, trusted) {
  if (broken === bytes ? bytes < cutFromBytes : times < partBreaksMax) return 0;
  const size = Math.max(partBytesMin, Math.min(trusted, 2 ** Math.floor(Math.log2(broken - 1))));
  return size < broken ? size : 0;
}
