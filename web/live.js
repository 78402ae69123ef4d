// Changes as they happen: by WebSocket, or by server-sent events where WebSockets do not get
// through. After a break it goes on from the last cursor, so nothing is missed.
//
//   live.subscribe("project:site-a", (message) => ...) -> function that ends it
//   live.onFresh(() => ...)   from here on changes are told: read the state now

import { backoff, pause, post } from "./api.js";
import { token } from "./session.js";
import { language } from "./words.js";

const silenceMax = 45_000; // the server pings more often than this
const socketFailuresMax = 3; // in a row without one message: try the other way

export class Live {
  constructor(onState) {
    this.onState = onState;
    this.listeners = new Set();
    this.freshListeners = new Set();
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

  onFresh(listener) {
    this.freshListeners.add(listener);
  }

  start() {
    this.run();
  }

  stop() {
    this.stopped = true;
    this.close?.();
  }

  // Another set of topics needs another connection, and their state is to be read anew.
  restart() {
    this.restarting = true;
    this.cursor = null;
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
      if (this.restarting || this.stopped) continue;
      failures = this.heard ? 0 : failures + 1;
      this.onState("off");
      await pause(backoff(Math.max(1, Math.min(failures, 6))));
    }
  }

  query() {
    const query = new URLSearchParams({ language });
    for (const topic of new Set([...this.listeners].map((entry) => entry.topic))) query.append("topic", topic);
    if (this.cursor !== null) query.set("cursor", this.cursor);
    return query;
  }

  // Addresses end up in logs, so that of the socket holds a ticket for one use and not the token.
  async bySocket() {
    const issued = await post("/tickets", { purpose: "stream" }, { attempts: 1 }).catch(() => null);
    if (!issued || this.restarting || this.stopped) return;
    await this.readSocket(issued.ticket);
  }

  readSocket(ticket) {
    return new Promise((resolve) => {
      const query = this.query();
      query.set("ticket", ticket);
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
      socket.onopen = () => this.onState("on");
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
      if (response.status === 401) return document.dispatchEvent(new CustomEvent("hoist:signed-out"));
      // A cursor that the server no longer knows: begin anew.
      if (response.status === 400 || response.status === 410) this.cursor = null;
      if (!response.ok) return;
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
        const lines = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
        if (lines.length > 0) this.take(lines.map((line) => line.slice(5).trimStart()).join("\n"));
      }
    }
  }

  take(text) {
    this.heard = true;
    const message = JSON.parse(text);
    if (message.type === "error") return this.takeError(message.code);
    const fresh = this.cursor === null;
    if (message.cursor !== undefined) this.cursor = message.cursor;
    if (fresh) for (const listener of this.freshListeners) listener();
    for (const { listener } of this.listeners) listener(message);
  }

  takeError(code) {
    if (code === "cursor_expired") this.cursor = null;
    if (code === "unauthenticated" || code === "forbidden") document.dispatchEvent(new CustomEvent("hoist:signed-out"));
  }
}
