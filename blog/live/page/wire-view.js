/** The Wire: what went over each connection and what the browser made of it, as an ordered list with times. */

import { button, element } from "./dom.js";
import { isEventStream } from "./event-stream.js";
import { EventVoice } from "./event-voice.js";
import { visible } from "./invisible.js";
import { onRequest, shortened } from "./long-text.js";

/**
 * What the Wire draws. Times are milliseconds since the start; `connection` counts requests, `source` event sources.
 * @typedef {[string, string][]} Headers
 * @typedef {{kind: 'waiting', connection: number, time: number, method: string, path: string,
 *   what?: keyof typeof WAITING}} Waiting  and for what, or else in a cut cable
 * @typedef {{kind: 'request', connection: number, time: number, method: string, path: string, headers: Headers,
 *   source?: number, fetch?: string, body?: string, more?: number}} Request  with the event source or the fetch that asks; of
 *   its body the beginning, and how many bytes follow
 * @typedef {{kind: 'response', connection: number, time: number, status: number, headers: Headers}} Response
 * @typedef {{kind: 'chunk', connection: number, time: number, text: string,
 *   lines?: import('./event-stream.js').Line[]}} Chunk  with its lines if it is a piece of an event stream
 * @typedef {{kind: 'frame', connection: number, time: number, by: 'server' | 'client', what: 'text' | 'bytes' | 'close',
 *   text: string, size: number}} Frame  of a WebSocket
 * @typedef {{kind: 'end', connection: number, time: number, by: 'server' | 'client' | 'network', why: string}} End
 * @typedef {{kind: 'source', source: number, time: number, what: 'created' | 'open' | 'event' | 'error' | 'close',
 *   url: string, readyState: number, type?: string, data?: string, lastEventId?: string, retryIn?: number,
 *   willSend?: string, unheard?: boolean, reader?: number}} SourceMessage
 * @typedef {{kind: 'fetch', connection?: number, time: number, what: 'aborted' | 'failed', reason: string}} FetchMessage
 * @typedef {(Waiting | Request | Response | Chunk | Frame | End | SourceMessage | FetchMessage) & {reader?: number}} WireMessage
 *   the reader whose it is: 1 where there are no others
 */

/**
 * @typedef {{isStream: boolean, source: number | undefined, isFetch: boolean}} Connection
 * What the browser is about to make of an entry.
 * @typedef {{row: HTMLElement, what: 'open' | 'event', type?: string, data?: string}} Due
 */

/** More entries than this are not kept: nobody reads them, and the page stays quick. */
const LIMIT = 500;
/** Of a body, so many lines stand each by itself. */
const BODY_LINES = 200;

const REASONS = new Map(
  Object.entries({
    101: "Switching Protocols",
    200: "OK",
    204: "No Content",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    503: "Service Unavailable",
  }),
);
const ENDED = {
  server: "The server ended the response.",
  client: "The client closed the connection.",
  network: "The connection broke.",
};
const WAITING = {
  cable: ["waiting in the cut cable", "in the cut cable"],
  connections: ["waiting: six connections are open, and HTTP/1.1 allows no more", "for one of six connections"],
};
const FETCHED = { aborted: "aborted by the page’s script", failed: "the script’s fetch fails" };
const READY_STATES = ["CONNECTING", "OPEN", "CLOSED"];

export class WireView {
  /** @type {WireMessage[]} */
  #queue = [];
  #frame = 0;
  #paused = false;
  /** Whether the newest entry is kept in sight: until the reader scrolls up. */
  #follow = true;
  #dropped = 0;
  /** @type {HTMLLIElement[]} drawn, not yet shown */
  #rows = [];
  /** @type {WeakMap<Element, number>} of entries, in milliseconds */
  #times = new WeakMap();
  /** @type {Map<number, Connection>} open connections */
  #connections = new Map();
  /** @type {Map<number, {row: HTMLLIElement, time: number, where: string}>} connections that wait */
  #waiting = new Map();
  /** @type {Map<number, Due[]>} by event source */
  #due = new Map();
  /** @type {Map<number, {status: HTMLElement, message: SourceMessage, at: number}>} event sources that are not closed */
  #sources = new Map();
  #clock = 0;
  /** When each event source was last told of. @type {Map<number, number>} */
  #told = new Map();
  #voice;

  constructor() {
    // Safari takes a list without markers for none: hence the role. The keyboard scrolls it: hence the tabindex.
    this.list = element("ol", { class: "wire-list", role: "list", "aria-label": "Wire", tabindex: "0" });
    this.list.addEventListener("keydown", (event) => moveAmongSummaries(this.list, event));
    this.list.addEventListener("scroll", () => this.#keepInSight(atEnd(this.list)), { passive: true });
    new ResizeObserver(() => this.#toNewest()).observe(this.list);
    this.note = element("p", { class: "wire-note", hidden: true });
    this.sources = element("div", { class: "wire-sources" });
    this.pauseButton = button("Pause", () => this.pause(!this.#paused), { "aria-pressed": "false" });
    this.clearButton = button("Clear", () => this.clear());
    this.copyButton = button("Copy", () => this.#copy(), { hidden: !navigator.clipboard });
    this.voice = element("p", { class: "live-voice", "aria-live": "polite" });
    const voice = (this.#voice = new EventVoice((sentence) => void (this.voice.textContent = sentence)));
    this.voiceButton = button("Announce", () => this.announce(!voice.on), { "aria-pressed": "false" });
    this.helpButton = button("?", () => this.#explain(), { "aria-label": "What the signs mean" });
    this.buttons = [this.voiceButton, this.pauseButton, this.clearButton, this.copyButton, this.helpButton];
    this.setLive(false);
  }

  /**
   * Live, the Wire can be held still, and event sources show their state; a recording has its own controls.
   * @param {boolean} live
   */
  setLive(live) {
    this.live = live;
    this.voiceButton.hidden = this.pauseButton.hidden = this.clearButton.hidden = !live;
    this.pause(false);
    if (!live) this.#forgetSources();
  }

  /** @param {WireMessage} message */
  draw(message) {
    this.#queue.push(message);
    // A hidden page draws no frames, yet the queue must not grow.
    if (this.#queue.length >= LIMIT) this.flush();
    else this.#frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Show now what waits for the next frame. */
  flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    for (const message of this.#queue.splice(0)) {
      for (const entry of this.#draw(message)) {
        this.#times.set(entry, message.time);
        this.#rows.push(entry);
      }
    }
    this.#dropped += this.#rows.splice(0, this.#rows.length - LIMIT).length;
    if (!this.#paused) this.#show();
  }

  #show() {
    const { list } = this;
    for (const row of this.#rows.splice(0)) this.#place(row);
    while (list.childElementCount > LIMIT) {
      list.firstElementChild?.remove();
      this.#dropped += 1;
    }
    list.firstElementChild?.classList.remove("same-time");
    this.note.hidden = !this.#dropped;
    this.note.textContent = `${this.#dropped.toLocaleString("en")} earlier entries are no longer shown.`;
    this.#toNewest();
  }

  #toNewest() {
    if (this.#follow) this.list.scrollTop = this.list.scrollHeight;
  }

  toOldest() {
    this.list.scrollTop = 0;
    this.#keepInSight(false);
  }

  /** @param {boolean} newest  or else what the reader looks at, however the list grows and shrinks */
  #keepInSight(newest) {
    this.#follow = newest;
    this.list.style.overflowAnchor = newest ? "none" : "auto";
  }

  /**
   * In the order of time: live, the two sides report on different ways, and overtake each other.
   * @param {HTMLLIElement} row
   */
  #place(row) {
    const { list } = this;
    const timeOf = (/** @type {Element} */ entry) => this.#times.get(entry) ?? 0;
    let before = list.lastElementChild;
    while (before && timeOf(before) > timeOf(row)) before = before.previousElementSibling;
    if (before) before.after(row);
    else list.prepend(row);
    // A time is not repeated.
    for (const entry of [row, row.nextElementSibling]) {
      entry?.classList.toggle("same-time", shownTime(entry) === shownTime(entry.previousElementSibling));
    }
  }

  /** @param {boolean} paused */
  pause(paused) {
    this.#paused = paused;
    this.pauseButton.setAttribute("aria-pressed", String(paused));
    if (!paused) this.flush();
  }

  /** @param {boolean} on  whether arriving events are announced to who listens to the page */
  announce(on) {
    this.voiceButton.setAttribute("aria-pressed", String(on));
    this.#voice.turn(on);
  }

  async #explain() {
    const { explainSigns } = await import("./wire-signs.js");
    explainSigns(this.helpButton);
  }

  /** Empty the list; connections that are open go on. */
  clear() {
    this.flush();
    this.#rows = [];
    this.#due.clear();
    this.#dropped = 0;
    this.list.replaceChildren();
    this.note.hidden = true;
    this.#keepInSight(true);
  }

  /** Empty the list and forget every connection. */
  reset() {
    this.clear();
    this.#connections.clear();
    this.#waiting.clear();
    this.#told.clear();
    this.list.classList.remove("several", "readers");
    this.#forgetSources();
  }

  /** The list as text: a line each, the time before it, `>` for sent, `<` for received, `*` for the browser's part. */
  get text() {
    this.flush();
    const { classList } = this.list;
    const whose = classList.contains("readers") ? "all" : classList.contains("several") ? "number" : "none";
    return Array.from(this.list.children, (entry) => rowText(entry, whose)).join("");
  }

  async #copy() {
    await navigator.clipboard.writeText(this.text);
    this.copyButton.textContent = "Copied";
    setTimeout(() => (this.copyButton.textContent = "Copy"), 1500);
  }

  /**
   * @param {WireMessage} message
   * @returns {HTMLLIElement[]}
   */
  #draw(message) {
    if ((message.reader ?? 1) > 1) this.list.classList.add("several", "readers");
    switch (message.kind) {
      case "waiting":
        return [this.#wait(message)];
      case "request":
        return [this.#request(message)];
      case "response":
        return [this.#response(message)];
      case "chunk":
        return this.#chunk(message);
      case "frame":
        return [frameRow(message)];
      case "end":
        if (message.by === "client") this.#forgetSource(this.#connections.get(message.connection)?.source);
        this.#connections.delete(message.connection);
        this.#waiting.delete(message.connection);
        return [row(`end by-${message.by}`, message, line(message.why || ENDED[message.by]))];
      case "source":
        return this.#browser(message);
      case "fetch":
        return [row("browser error", message, line(FETCHED[message.what]), detail(message.reason))];
    }
  }

  /**
   * The page's clock and the service worker's are not quite the same: no event is shown before the bytes that it was
   * made of, nor before the event source's last.
   * @param {SourceMessage} message
   */
  #browser(message) {
    const entry = this.#takeDue(message);
    const earliest = Math.max(this.#told.get(message.source) ?? 0, (entry && this.#times.get(entry)) ?? 0);
    const told = message.what === "event" ? { ...message, time: Math.max(message.time, earliest) } : message;
    this.#told.set(told.source, told.time);
    this.#source(told);
    this.#voice.hear(told);
    if (!entry) return [row(`browser ${told.what}`, told, ...browserLines(told))];
    putBeside(entry, told.what, told, browserLines(told)).classList.toggle("unheard", told.unheard === true);
    return [];
  }

  /** @param {Waiting} message */
  #wait(message) {
    const { connection, time, method, path, what = "cable" } = message;
    const [waiting, where] = WAITING[what];
    this.#endWaiting(connection);
    const made = row("sent waiting", message, line(`${method} ${path}, ${waiting}`, "first"));
    this.#waiting.set(connection, { row: made, time, where });
    return made;
  }

  /** @param {Request} message */
  #request(message) {
    const { connection, time, method, path, headers, source, fetch, body = "", more = 0 } = message;
    this.#connections.set(connection, { isStream: false, source, isFetch: Boolean(fetch) });
    const rest = more ? [detail(`… ${more.toLocaleString("en")} more bytes`)] : [];
    const made = row("sent", message, withHeaders(`${method} ${path}`, headers, false), ...textLines(body), ...rest);
    const waited = this.#endWaiting(connection);
    if (waited) made.querySelector(".lines")?.append(detail(`waited ${seconds(time - waited.time)} ${waited.where}`));
    return made;
  }

  /**
   * @param {number} connection
   * @returns  how it has waited, if it has
   */
  #endWaiting(connection) {
    const waited = this.#waiting.get(connection);
    this.#waiting.delete(connection);
    this.#rows = this.#rows.filter((each) => each !== waited?.row);
    waited?.row.remove();
    return waited;
  }

  /** @param {Response} message */
  #response(message) {
    const connection = this.#connections.get(message.connection);
    const stream = isEventStream(message.headers);
    const reason = REASONS.get(String(message.status)) ?? "";
    const made = row("received", message, withHeaders(`${message.status} ${reason}`.trim(), message.headers, stream));
    if (connection) connection.isStream = stream || message.status === 101;
    if (connection?.source && stream) this.#expect(connection.source, { row: made, what: "open" });
    if (connection?.isFetch && stream) {
      putBeside(made, "open", message, [
        line("read by the page’s script"),
        detail("beside the bytes: the events in them"),
      ]);
    }
    // Where streams mingle, each entry says whose it is.
    const streams = [...this.#connections.values()].filter(({ isStream }) => isStream);
    if (streams.length > 1) this.list.classList.add("several");
    return made;
  }

  /**
   * An entry for each run of lines up to the blank one, which is where the browser dispatches the event.
   * @param {Chunk} message
   */
  #chunk(message) {
    const connection = this.#connections.get(message.connection);
    if (!connection) return [];
    if (!message.lines) return [row("received body", message, body(message.text))];
    /** @type {HTMLElement[]} */
    let lines = [];
    const rows = [];
    for (const { text, ended, goesOn, event } of message.lines) {
      const blank = ended && !text && !goesOn;
      lines.push(blank ? line("", "blank") : fieldLine(text, goesOn));
      if (!blank) continue;
      const made = row("received bytes complete", message, ...lines);
      if (event && connection.source) this.#expect(connection.source, { row: made, what: "event", ...event });
      else if (event && connection.isFetch) {
        putBeside(made, "event", message, eventLines(event));
        this.#voice.hear({ what: "event", ...event });
      }
      rows.push(made);
      lines = [];
    }
    if (lines.length) rows.push(row("received bytes", message, ...lines));
    return rows;
  }

  /**
   * @param {number} source
   * @param {Due} due
   */
  #expect(source, due) {
    const all = this.#due.get(source) ?? [];
    this.#due.set(source, [...all.slice(1 - LIMIT), due]);
  }

  /**
   * What the browser made of an entry stands beside it: `open` with the response, an event with its bytes.
   * @param {SourceMessage} message
   * @returns {HTMLElement | undefined}  that entry, if it is known
   */
  #takeDue(message) {
    const all = this.#due.get(message.source) ?? [];
    const index =
      message.what === "open"
        ? all.findLastIndex(({ what }) => what === "open")
        : all.findIndex(
            ({ what, type, data }) => what === message.what && type === message.type && data === message.data,
          );
    return index < 0 ? undefined : all.splice(0, index + 1).at(-1)?.row;
  }

  /** @param {SourceMessage} message */
  #source(message) {
    if (!this.live) return;
    const known = this.#sources.get(message.source);
    if (message.readyState === 2) this.#forgetSource(message.source);
    else {
      const status = known?.status ?? this.sources.appendChild(element("p", {}));
      const lastEventId = message.lastEventId ?? message.willSend ?? known?.message.lastEventId ?? "";
      this.#sources.set(message.source, { status, message: { ...message, lastEventId }, at: performance.now() });
    }
    this.#tick();
  }

  /** Bring the event sources' states up to date, and again while one of them waits to reconnect. */
  #tick() {
    clearTimeout(this.#clock);
    let waiting = false;
    for (const { status, message, at } of this.#sources.values()) {
      const left = (message.retryIn ?? 0) - (performance.now() - at);
      waiting ||= left > 0;
      const whose = this.list.classList.contains("readers") ? `Reader ${message.reader ?? 1}: ` : "";
      status.textContent = whose + sourceState(message, left);
    }
    if (waiting) this.#clock = setTimeout(() => this.#tick(), 100);
  }

  /** @param {number | undefined} source  closed, or gone with its page */
  #forgetSource(source) {
    if (source === undefined) return;
    this.#sources.get(source)?.status.remove();
    this.#sources.delete(source);
  }

  #forgetSources() {
    clearTimeout(this.#clock);
    this.#sources.clear();
    this.sources.replaceChildren();
  }
}

/** @param {Element} list */
function atEnd(list) {
  return list.scrollTop + list.clientHeight > list.scrollHeight - 8;
}

/**
 * An address as the example's server sees it: without the place that the example has in this site.
 * @param {string} url
 */
function serverPath(url) {
  return url.replace(/^.*?\/live\/tab-[^/]+\/[^/]+/, "");
}

/** @param {Element | null} entry */
function shownTime(entry) {
  return entry?.querySelector(".time")?.textContent;
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/**
 * @param {string} kind
 * @param {WireMessage} message
 * @param {...HTMLElement} lines
 */
function row(kind, message, ...lines) {
  return part(element("li", { class: kind }), message, lines);
}

/**
 * To the right of an entry stands what was made of it.
 * @param {HTMLElement} entry
 * @param {string} kind
 * @param {WireMessage} message
 * @param {HTMLElement[]} lines
 */
function putBeside(entry, kind, message, lines) {
  const made = part(element("div", { class: `browser ${kind}` }), message, lines);
  made.classList.toggle("same-time", shownTime(made) === shownTime(entry));
  entry.append(made);
  return made;
}

/** @param {Frame} message */
function frameRow(message) {
  const { by, what, text, size } = message;
  const kind = by === "client" ? "sent" : "received";
  if (what === "close") return row(`${kind} socket-message`, message, line(`Close ${text}`), detail(kind));
  const bytes = `${size.toLocaleString("en")} ${size === 1 ? "byte" : "bytes"}${what === "text" ? " of text" : ""}`;
  return row(`${kind} socket-message`, message, line(text), detail(`message ${kind}, ${bytes}`));
}

/**
 * Fill an entry, or the browser's part of one: when, whose, what.
 * @template {HTMLElement} T
 * @param {T} made
 * @param {WireMessage} message
 * @param {HTMLElement[]} lines
 */
function part(made, message, lines) {
  const number = message.kind === "source" ? `source ${message.source}` : `#${message.connection}`;
  const { reader = 1 } = message;
  made.append(
    element("span", { class: "time" }, seconds(message.time)),
    element(
      "span",
      { class: "connection" },
      element("b", { "data-reader": String(reader) }, `Reader ${reader}`),
      number,
    ),
    element("div", { class: "lines" }, ...lines),
  );
  return made;
}

/**
 * @param {Element} entry  or a part of one
 * @param {"none" | "number" | "all"} whose  what of whose it is is told
 * @returns {string}
 */
function rowText(entry, whose) {
  const [time, connection, lines, browser] = entry.children;
  const [reader, number] = Array.from(connection.childNodes, ({ textContent }) => textContent);
  const mark = { sent: ">", received: "<", browser: "*", end: "-" }[entry.classList[0]] ?? "";
  const told = { none: "", number: ` ${number}`, all: ` ${reader} ${number}` }[whose];
  const start = `${time.textContent?.padStart(8)}${told} ${mark}`;
  const own = Array.from(lines.querySelectorAll(".line"), (each) => `${start} ${each.textContent}`.trimEnd());
  return `${own.join("\n")}\n${browser ? rowText(browser, whose) : ""}`;
}

/**
 * @param {string} text
 * @param {string} [kind]
 */
function line(text, kind = "") {
  return element("div", { class: `line ${kind}`.trim() }, ...shortened(text, visible));
}

/**
 * A line of an event stream, or a part of one: its field's name set apart.
 * @param {string} text
 * @param {boolean} goesOn  the line began in an earlier chunk
 */
function fieldLine(text, goesOn) {
  if (goesOn) return line(text, "rest");
  if (text.startsWith(":")) return line(text, "comment");
  const colon = text.indexOf(":");
  const made = line(colon < 0 ? "" : text.slice(colon + 1), "field");
  made.prepend(element("b", {}, ...visible(colon < 0 ? text : text.slice(0, colon + 1))));
  return made;
}

/**
 * @param {string} first
 * @param {Headers} headers
 * @param {boolean} open
 */
function withHeaders(first, headers, open) {
  const lines = headers.map(([name, value]) => line(`${name}: ${value}`, "header"));
  if (!lines.length) return line(first, "first");
  return element("details", { open }, summary(first, "line first"), ...lines);
}

/** @param {string} text */
function body(text) {
  const size = summary(`${text.length.toLocaleString("en")} characters of the body`);
  return element("details", {}, size, ...textLines(text));
}

/** @param {string} text */
function textLines(text) {
  if (!text) return [];
  const first = text.split("\n");
  const rest = first.splice(BODY_LINES);
  const name = `… ${rest.length.toLocaleString("en")} more lines`;
  const more = rest.length ? [onRequest(name, text.length, () => rest.map((part) => line(part)))] : [];
  return [...first.map((part) => line(part)), ...more];
}

/**
 * The list is one stop of the Tab key: from there, arrows lead to what can be opened.
 * @param {string} text
 * @param {string} [kind]
 */
function summary(text, kind = "") {
  return element("summary", { class: kind, tabindex: "-1" }, text);
}

/**
 * @param {HTMLElement} list
 * @param {KeyboardEvent} event
 */
function moveAmongSummaries(list, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...list.querySelectorAll("summary")];
  const here = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = here < 0 ? (step > 0 ? all[0] : all.at(-1)) : all[here + step];
  if (!next) return; // the key scrolls, as everywhere
  event.preventDefault();
  next.focus();
}

/** @param {SourceMessage} message */
function browserLines({ what, url, readyState, type, data, lastEventId, retryIn, willSend, unheard }) {
  switch (what) {
    case "created":
      return [line(`new EventSource("${serverPath(url)}")`)];
    case "open":
      return [line("open"), detail("ready state OPEN")];
    case "event":
      return [...eventLines({ type, data, lastEventId }), ...(unheard ? [detail("no listener")] : [])];
    case "close":
      return [line("closed by the page"), detail("ready state CLOSED")];
    case "error":
      if (readyState === 2) return [line("error"), detail("ready state CLOSED: it does not connect again")];
      return [
        line("error"),
        detail(`ready state CONNECTING: again ${retryIn === undefined ? "soon" : `in ${seconds(retryIn)}`}`),
        ...(willSend ? [detail(`will send Last-Event-ID: ${willSend}`)] : []),
      ];
  }
}

/** @param {{type?: string, data?: string, lastEventId?: string}} event */
function eventLines({ type, data, lastEventId }) {
  return [
    line(`event ${type}`, "event-type"),
    detail(`data ${JSON.stringify(data)}`),
    ...(lastEventId ? [detail(`last event ID ${JSON.stringify(lastEventId)}`)] : []),
  ];
}

/** @param {string} text */
function detail(text) {
  return line(text, "detail");
}

/**
 * @param {SourceMessage} message
 * @param {number} left  milliseconds until it connects again
 */
function sourceState({ source, what, readyState, lastEventId, retryIn }, left) {
  const state = `Event source ${source}: ${READY_STATES[readyState]}`;
  if (readyState === 0 && (left > 0 || (what === "error" && retryIn === undefined))) {
    const when = left > 0 ? `in ${seconds(left)}` : "soon";
    return `${state}, again ${when}${lastEventId ? ` with Last-Event-ID: ${lastEventId}` : ""}`;
  }
  return lastEventId ? `${state}, last event ID ${lastEventId}` : state;
}
