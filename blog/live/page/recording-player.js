/** A recording becomes the same messages that a running server sends to the Wire, and is played at its own pace. */

import { EventStream, isEventStream, isOfEventSource } from "./event-stream.js";

/**
 * @typedef {[string, string][]} Headers
 * @typedef {{method: string, path: string, requestHeaders: Headers, requestBody?: string, status: number, headers: Headers,
 *   start: number, chunks: [number, string][], end: number, endedBy: 'server' | 'client' | 'network'}} Exchange
 * @typedef {{page: string, exchanges: Exchange[]}} Recording
 * @typedef {import('./wire-view.js').WireMessage} WireMessage
 * @typedef {{n: number, fresh: boolean, open: boolean, lastEventId: string, reconnectionTime?: number}} Source
 */

/**
 * Everything that was seen and what a browser makes of it, in the order in which it happened.
 * @param {Recording} recording
 * @returns {WireMessage[]}
 */
export function messages({ page, exchanges }) {
  const closing = new Set(Array.from(page.matchAll(/\bsse-close="([^"]*)"/g), (match) => match[1]));
  /** @type {Map<string, Source>} by path */
  const sources = new Map();
  const all = exchanges.flatMap((exchange, index) => [...replay(exchange, index + 1, sources, closing)]);
  return all.sort((a, b) => a.time - b.time);
}

/**
 * One connection. If it is an event source's, another one to the same path is its reconnect.
 * @param {Exchange} exchange
 * @param {number} connection
 * @param {Map<string, Source>} sources
 * @param {Set<string>} closing  event types upon which the page closes its event source (sse-close)
 * @returns {Generator<WireMessage>}
 */
function* replay(exchange, connection, sources, closing) {
  const {
    method,
    path,
    requestHeaders,
    requestBody: body,
    status,
    headers,
    start: time,
    chunks,
    end,
    endedBy,
  } = exchange;
  const streams = isEventStream(headers);
  const source = isOfEventSource(exchange) ? sourceOf(path, sources) : null;
  const of = { kind: /** @type {const} */ ("source"), source: source?.n ?? 0, url: path };

  if (source?.fresh) yield { ...of, time, what: "created", readyState: 0 };
  const fetch = streams && !source ? path : undefined;
  yield { kind: "request", connection, time, method, path, headers: requestHeaders, source: source?.n, fetch, body };
  yield { kind: "response", connection, time, status, headers };
  const opened = source !== null && status === 200 && streams;
  if (opened) yield { ...of, time, what: "open", readyState: 1 };
  const stream = streams ? new EventStream(source?.lastEventId) : null;
  for (const [at, text] of chunks) {
    const lines = stream?.read(text);
    yield { kind: "chunk", connection, time: at, text, lines };
    for (const { event } of (opened && lines) || []) {
      if (!event) continue;
      if (!source?.open) break;
      yield { ...of, time: at, what: "event", readyState: 1, ...event };
      source.open = !closing.has(event.type);
      if (!source.open) yield { ...of, time: at, what: "close", readyState: 2 };
    }
  }
  yield { kind: "end", connection, time: end, by: endedBy, why: "" };

  if (!source?.open) return;
  source.lastEventId = stream?.lastEventId ?? source.lastEventId;
  source.reconnectionTime = stream?.reconnectionTime ?? source.reconnectionTime;
  source.open = opened && endedBy !== "client";
  if (source.open) {
    const { reconnectionTime: retryIn, lastEventId: willSend } = source;
    yield { ...of, time: end, what: "error", readyState: 0, retryIn, willSend };
  } else {
    yield { ...of, time: end, what: opened ? "close" : "error", readyState: 2 };
  }
}

/**
 * @param {string} path
 * @param {Map<string, Source>} sources
 */
function sourceOf(path, sources) {
  const old = sources.get(path);
  const source = old?.open
    ? { ...old, fresh: false }
    : { n: sources.size + 1, fresh: true, open: true, lastEventId: "" };
  sources.set(path, source);
  return source;
}

/** Plays messages with their times. It tells `onchange` when it moves, pauses and ends. */
export class Player {
  #next = 0;
  #started = 0;
  #timer = 0;
  playing = false;

  /**
   * @param {WireMessage[]} script
   * @param {(message: WireMessage) => void} draw
   * @param {() => void} onchange
   */
  constructor(script, draw, onchange) {
    this.script = script;
    this.draw = draw;
    this.onchange = onchange;
    this.length = script.at(-1)?.time ?? 0;
    /** Milliseconds from the beginning. */
    this.time = 0;
  }

  get ended() {
    return this.#next === this.script.length;
  }

  /** What has been drawn. */
  get past() {
    return this.script.slice(0, this.#next);
  }

  play() {
    this.playing = true;
    this.#started = performance.now() - this.time;
    this.#step();
  }

  pause() {
    clearTimeout(this.#timer);
    this.playing = false;
    this.onchange();
  }

  rewind() {
    this.pause();
    this.#next = this.time = 0;
  }

  /** Show the whole recording at once. */
  finish() {
    clearTimeout(this.#timer);
    while (!this.ended) this.draw(this.script[this.#next++]);
    this.time = this.length;
    this.playing = false;
    this.onchange();
  }

  #step() {
    this.time = Math.min(performance.now() - this.#started, this.length);
    while (!this.ended && this.script[this.#next].time <= this.time) this.draw(this.script[this.#next++]);
    if (this.ended) this.finish();
    else {
      // Often enough for the clock beside the button, which shows tenths.
      this.#timer = setTimeout(() => this.#step(), Math.min(100, this.script[this.#next].time - this.time));
      this.onchange();
    }
  }
}
