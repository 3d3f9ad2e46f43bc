/** Text of an event stream to lines and events, by the HTML Standard, "Interpreting an event stream". */

/** @typedef {{text: string, ended: boolean}} Part  a line, or what of it has come so far */
/** @typedef {{type: string, data: string, lastEventId: string}} StreamEvent */

/** Splits text that comes in pieces at CR, LF and CRLF. */
export class Lines {
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

/** Turns the text of one connection into the events that an event source dispatches. */
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
   * @returns {StreamEvent[]}
   */
  read(text) {
    /** @type {StreamEvent[]} */
    const events = [];
    for (const part of this.#lines.read(this.#withoutMark(text))) {
      this.#line.push(part.text);
      if (!part.ended) continue;
      const line = this.#line.join("");
      this.#line = [];
      const event = line ? this.#field(line) : this.#dispatch();
      if (event) events.push(event);
    }
    return events;
  }

  /** @param {string} text */
  #withoutMark(text) {
    const first = !this.#started && text !== "";
    this.#started ||= first;
    return first && text.startsWith("\uFEFF") ? text.slice(1) : text;
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
