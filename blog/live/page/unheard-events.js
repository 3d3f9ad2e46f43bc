/**
 * Events that nobody listens to. The browser dispatches them all the same, but no script in the page sees them: the bytes
 * tell of them.
 */

import { isEventStream } from "./event-stream.js";

/**
 * @typedef {import("./event-stream.js").Line} Line
 * @typedef {import("./running.js").WireMessage} WireMessage
 */

/** What is known of one event source. */
class Source {
  url = "";
  /** What the page listens to. @type {Set<string>} */
  types = new Set();
  /** Whether the page was told that the connection is open: events come after that. */
  isOpen = false;
  /** Events whose bytes have come; the first one is heard, and the page is about to tell of it. */
  coming = /** @type {import("./event-stream.js").StreamEvent[]} */ ([]);
}

/** The event sources of one server. */
export class UnheardEvents {
  /** @type {Map<string, Source>} */
  #sources = new Map();
  /** By the connections that are open streams. @type {Map<string, string>} */
  #names = new Map();

  /**
   * The message and, after it, the unheard events that are dispatched by then.
   * @param {WireMessage} message
   * @returns {WireMessage[]}
   */
  complete(message) {
    if (message.kind === "request" && message.source) this.#connect(message);
    else if (message.kind === "response" && !opens(message)) this.#names.delete(message.connection);
    else if (message.kind === "end") this.#names.delete(message.connection);
    else if (message.kind === "chunk") return [message, ...this.#read(message)];
    else if (message.kind === "source") return [message, ...this.#told(message)];
    return [message];
  }

  /**
   * The page has begun to listen.
   * @param {string} name
   * @param {string} type
   */
  listens(name, type) {
    this.#source(name).types.add(type);
  }

  /** @param {string} name */
  #source(name) {
    const source = this.#sources.get(name) ?? new Source();
    this.#sources.set(name, source);
    return source;
  }

  /** @param {WireMessage} request */
  #connect({ connection, source: name }) {
    Object.assign(this.#source(name), { coming: [], isOpen: false });
    this.#names.set(connection, name);
  }

  /** @param {WireMessage} chunk */
  #read({ connection, lines = [], time }) {
    const name = this.#names.get(connection);
    if (!name) return [];
    this.#source(name).coming.push(...lines.flatMap((/** @type {Line} */ { event }) => event ?? []));
    return this.#unheard(name, time);
  }

  /** @param {WireMessage} message */
  #told({ source: name, what, type, url, readyState, time }) {
    const source = this.#source(name);
    source.url = url;
    if (readyState === EventSource.CLOSED) this.#sources.delete(name);
    if (what !== "open" && what !== "event") return [];
    source.isOpen = true;
    if (what === "event") source.coming.splice(0, source.coming.findIndex((event) => event.type === type) + 1);
    return this.#unheard(name, time);
  }

  /**
   * What comes before the next event that the page will tell of.
   * @param {string} name
   * @param {number} time
   */
  #unheard(name, time) {
    const { coming, types, url, isOpen } = this.#source(name);
    if (!isOpen) return [];
    const heard = coming.findIndex(({ type }) => types.has(type));
    const unheard = coming.splice(0, heard < 0 ? coming.length : heard);
    const of = { kind: /** @type {const} */ ("source"), source: name, time, url, readyState: EventSource.OPEN };
    return unheard.map((event) => ({ ...of, what: "event", unheard: true, ...event }));
  }
}

/**
 * Whether an event source takes this answer.
 * @param {WireMessage} response
 */
function opens({ status, headers }) {
  return status === 200 && isEventStream(headers);
}
