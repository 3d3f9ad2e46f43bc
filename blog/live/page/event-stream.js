/** Text of an event stream to lines and events, by the HTML Standard, "Interpreting an event stream". */

/**
 * @typedef {{type: string, data: string, lastEventId: string}} StreamEvent
 * @typedef {{text: string, ended: boolean}} Part  a line, or what of it has come so far
 * @typedef {Part & {goesOn: boolean, event: StreamEvent | null}} Line  goesOn: it began in an earlier piece; event: of a
 *   blank line, what it has the browser dispatch
 */

/**
 * Whether these headers say that an event stream comes, or (`accept`) that one is wanted.
 * @param {[string, string][]} headers
 * @param {"content-type" | "accept"} [name]
 */
export function isEventStream(headers, name = "content-type") {
  return /^text\/event-stream\s*(;|$)/i.test(new Map(headers).get(name) ?? "");
}

/**
 * Whether an event source has asked for it: with a GET, in which it says what it wants. Not all recordings say that.
 * @param {{method: string, requestHeaders: [string, string][], headers: [string, string][]}} exchange
 */
export function isOfEventSource({ method, requestHeaders, headers }) {
  const says = new Map(requestHeaders).has("accept");
  return method === "GET" && (says ? isEventStream(requestHeaders, "accept") : isEventStream(headers));
}

/** Splits text that comes in pieces at CR, LF and CRLF. */
class Lines {
  #afterCR = false;

  /**
   * @param {string} text
   * @returns {Part[]}
   */
  read(text) {
    if (!text) return [];
    const fresh = this.#afterCR && text.startsWith("\n") ? text.slice(1) : text;
    this.#afterCR = text.endsWith("\r");
    const lines = fresh.split(/\r\n|\r|\n/);
    const rest = lines.pop();
    const parts = lines.map((line) => ({ text: line, ended: true }));
    return rest ? [...parts, { text: rest, ended: false }] : parts;
  }
}

/** Turns the text of one connection into lines, and these into the events that an event source dispatches. */
export class EventStream {
  #lines = new Lines();
  #started = false;
  /** @type {string[]} the parts of a line that has not ended */
  #line = [];
  /** @type {string[]} */
  #data = [];
  #type = "";
  #id;
  /** @type {number | undefined} milliseconds */
  reconnectionTime;

  /** @param {string} lastEventId  what the event source has kept from its last connection */
  constructor(lastEventId = "") {
    this.lastEventId = this.#id = lastEventId;
  }

  /**
   * @param {string} text  decoded, in pieces of any size
   * @returns {Line[]}
   */
  read(text) {
    return this.#lines.read(text).map((part) => {
      const goesOn = this.#line.length > 0;
      this.#line.push(part.text);
      return { ...part, goesOn, event: part.ended ? this.#end() : null };
    });
  }

  #end() {
    const line = this.#withoutMark(this.#line.join(""));
    this.#line = [];
    return line ? this.#field(line) : this.#dispatch();
  }

  /** @param {string} line */
  #withoutMark(line) {
    const first = !this.#started;
    this.#started = true;
    return first && line.startsWith("\uFEFF") ? line.slice(1) : line;
  }

  /** @param {string} line */
  #field(line) {
    const [, name, value] = /** @type {RegExpExecArray} */ (/^([^:]*)(?:: ?(.*))?$/s.exec(line));
    if (name === "event") this.#type = value ?? "";
    else if (name === "data") this.#data.push(value ?? "");
    else if (name === "id" && !value?.includes("\0")) this.#id = value ?? "";
    else if (name === "retry" && /^[0-9]+$/.test(value ?? "")) this.reconnectionTime = Number(value);
    return null;
  }

  #dispatch() {
    this.lastEventId = this.#id;
    const event = { type: this.#type || "message", data: this.#data.join("\n"), lastEventId: this.#id };
    const dispatched = this.#data.length > 0;
    this.#data = [];
    this.#type = "";
    return dispatched ? event : null;
  }
}

/** The event streams among the connections of a server: what comes over one of them is read here, once for all who look. */
export class EventStreams {
  /** @type {Map<unknown, EventStream>} */
  #streams = new Map();

  /**
   * The message, with its lines if it is a piece of an event stream.
   * @template {Record<string, any>} T
   * @param {T} message
   * @returns {T & {lines?: Line[]}}
   */
  read(message) {
    const { kind, connection, headers, text } = message;
    if (kind === "request") this.#streams.set(connection, new EventStream(new Map(headers).get("last-event-id")));
    else if (kind === "end" || (kind === "response" && !isEventStream(headers))) this.#streams.delete(connection);
    return kind === "chunk" ? { ...message, lines: this.#streams.get(connection)?.read(text) } : message;
  }
}
