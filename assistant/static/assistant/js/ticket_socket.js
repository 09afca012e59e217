// The ticket's websocket: pings, reconnects by itself, and hands every frame on as an event named after its type.
// While none opens, drafts go by REST.
import { ByRest } from "./by_rest.js";

const PING = 20_000;
const PATIENCE = 10_000; // for a pong
const LONGEST_PAUSE = 15_000;
const WITHOUT = 3_000; // without a socket before drafts go by REST
const FINAL = new Set([4401, 4404]);

export class TicketSocket extends EventTarget {
  #address;
  #socket = null;
  #failures = 0;
  #retry = 0;
  #heard = 0;
  #patience = 0;
  #rest;

  constructor(composer) {
    super();
    const { ticketId } = composer.dataset;
    this.#address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/tickets/${ticketId}/`;
    this.#rest = new ByRest(ticketId, composer, (type, detail) => this.dispatchEvent(new CustomEvent(type, { detail })));
    this.#waitForSocket();
    this.#connect();
    document.addEventListener("ticket:send", ({ detail }) => this.send(detail));
    setInterval(() => this.#ping(), PING);
    addEventListener("online", () => this.#soon(0));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#soon(0); });
    addEventListener("pagehide", () => {
      this.#rest.close();
      this.#socket?.close();
    });
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      this.#waitForSocket();
      this.#soon(0);
    });
  }

  // False when there is no connection to send it on.
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return this.#rest.send(message);
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect() {
    const socket = new WebSocket(this.#address);
    let opened = false;
    this.#socket = socket;
    socket.addEventListener("open", () => {
      opened = true;
      clearTimeout(this.#patience);
      this.#rest.close();
      this.#tell("open", {});
    });
    socket.addEventListener("message", (event) => {
      this.#failures = 0; // one that opens and is closed at once brings nothing
      this.#heard = Date.now();
      const frame = JSON.parse(event.data);
      this.#tell(frame.type, frame);
    });
    socket.addEventListener("close", (event) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      const final = FINAL.has(event.code);
      if (final || !this.#rest.on) this.#tell("lost", { code: event.code, final });
      if (final) {
        this.#rest.close();
        clearTimeout(this.#patience);
        return;
      }
      if (opened) this.#waitForSocket();
      const pause = Math.min(500 * 2 ** this.#failures++, LONGEST_PAUSE);
      this.#soon(pause * (0.75 + Math.random() / 2));
    });
  }

  #waitForSocket() {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#rest.open(), WITHOUT);
  }

  #soon(pause) {
    if (this.#socket) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => { if (!this.#socket) this.#connect(); }, pause);
  }

  #ping() {
    const asked = Date.now();
    if (!this.send({ type: "ping" })) return;
    setTimeout(() => { if (this.#heard < asked) this.#socket?.close(); }, PATIENCE);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
    document.dispatchEvent(new CustomEvent(`ticket:${type}`, { detail })); // for scripts that know no drafts
  }
}
