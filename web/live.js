// Changes as they happen: by WebSocket, or by server-sent events where WebSockets do not get
// through. After a break it goes on from the last cursor, so nothing is missed.
//
//   live.subscribe({project_id}, (change) => ...) -> function that ends it
//   live.onGap(() => ...)   the cursor is too old: read the state anew

import { backoff, pause } from "./api.js";
import { token } from "./session.js";

const silenceMax = 45_000; // the server pings more often than this
const socketFailuresMax = 3; // in a row without one message: try the other way

export class Live {
  constructor(onState) {
    this.onState = onState;
    this.listeners = new Set();
    this.gapListeners = new Set();
    this.cursor = null;
    this.stopped = false;
    this.close = null; // ends the present connection
  }

  subscribe(topic, listener) {
    const entry = { topic, listener };
    this.listeners.add(entry);
    this.restart();
    return () => {
      this.listeners.delete(entry);
      this.restart();
    };
  }

  onGap(listener) {
    this.gapListeners.add(listener);
  }

  start() {
    this.run();
  }

  stop() {
    this.stopped = true;
    this.close?.();
  }

  // Another set of topics needs another connection; the cursor bridges the two.
  restart() {
    this.restarting = true;
    this.close?.();
    this.wake?.();
  }

  async run() {
    let failures = 0;
    while (!this.stopped) {
      if (this.listeners.size === 0) {
        await new Promise((resolve) => { this.wake = resolve; });
        continue;
      }
      this.restarting = false;
      this.heard = false;
      if (failures < socketFailuresMax) await this.bySocket();
      else await this.byStream();
      if (this.restarting) continue;
      failures = this.heard ? 0 : failures + 1;
      this.onState("off");
      await pause(backoff(Math.max(1, Math.min(failures, 6))));
    }
  }

  query() {
    const query = new URLSearchParams();
    for (const { topic } of this.listeners)
      for (const [name, value] of Object.entries(topic)) query.append(name, value);
    if (this.cursor) query.set("cursor", this.cursor);
    return query;
  }

  bySocket() {
    return new Promise((resolve) => {
      const query = this.query();
      query.set("access_token", token());
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      const socket = new WebSocket(`${scheme}://${location.host}/ws?${query}`);
      let watchdog = 0;
      const end = () => {
        clearTimeout(watchdog);
        socket.onclose = socket.onmessage = socket.onopen = null;
        socket.close();
        resolve();
      };
      const alive = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(end, silenceMax);
      };
      this.close = end;
      socket.onopen = () => {
        this.onState("on");
        alive();
      };
      socket.onmessage = (message) => {
        alive();
        this.take(message.data);
      };
      socket.onclose = end;
      alive();
    });
  }

  async byStream() {
    const control = new AbortController();
    this.close = () => control.abort();
    try {
      const response = await fetch(`/stream?${this.query()}`, {
        headers: { Authorization: `Bearer ${token()}`, Accept: "text/event-stream" },
        signal: control.signal, cache: "no-store",
      });
      if (!response.ok) {
        if (response.status === 410) this.gap();
        return;
      }
      this.onState("slow");
      await this.readEvents(response.body.getReader());
    } catch {
      // Broken off; run() connects again.
    }
  }

  async readEvents(reader) {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) {
        const data = block.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
        if (data.length > 0) this.take(data.join("\n"));
      }
    }
  }

  take(text) {
    this.heard = true;
    let message = null;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message.cursor) this.cursor = message.cursor;
    if (message.type === "gap") return this.gap();
    for (const { listener } of this.listeners) listener(message);
  }

  gap() {
    this.cursor = null;
    for (const listener of this.gapListeners) listener();
  }
}
