/**
 * The App pane of a recording that plays: the example's page with its own scripts, which are answered from the recording.
 * Nothing in it is imitated but the way to the server.
 */

import { keepScrollingInside, watchFrame } from "./app-frame.js";
import { element } from "./dom.js";
import { isEventStream, isOfEventSource } from "./event-stream.js";

/**
 * @typedef {import('./recording-player.js').Exchange} Exchange
 * @typedef {import('./recording-player.js').Recording} Recording
 * @typedef {import('./wire-view.js').WireMessage} WireMessage
 * @typedef {import('./wire-view.js').SourceMessage} SourceMessage
 * @typedef {EventTarget & {readyState: number, tell: (event: Event) => void}} RecordedSource
 * @typedef {{text: string, ended: boolean, more: () => void}} StreamBody  what has come of it; who waits for more is told
 */

const ASSETS = new URL("../assets/", import.meta.url).href; // our copies of a CDN's files
const CDN = "https://cdn.jsdelivr.net/npm/";
const ASKS = "[hx-get], [hx-post], [hx-put], [hx-delete]";

export class ReplayedApp {
  /** What event sources are to hear, by path. @type {Map<string, SourceMessage[]>} */
  #coming = new Map();
  /** @type {Map<string, RecordedSource>} by path */
  #sources = new Map();
  /** Exchanges that can be answered, by method and path. @type {Map<string, Exchange>} */
  #answers = new Map();
  /** Of event streams that scripts read, by connection. @type {Map<number, StreamBody>} */
  #bodies = new Map();
  #isLoaded = false;
  /** What the visitor did, if the page has not loaded yet. @type {(() => void)[]} */
  #acts = [];
  /** Who waits for one that is not. @type {Map<string, ((answer: Exchange) => void)[]>} */
  #waiting = new Map();

  /**
   * @param {Recording} recording
   * @param {string} title
   * @param {string} path  the page's own
   * @param {(request: string) => void} onmissing  the page asks for what was not recorded
   */
  constructor({ page, exchanges }, title, path, onmissing) {
    const [first] = exchanges;
    const isPage = first?.headers.some(([name, value]) => name === "content-type" && value.startsWith("text/html"));
    this.html = isPage ? textOf(first) : `<!doctype html><html lang="en"><head></head><body>${page}</body></html>`;
    this.exchanges = exchanges;
    this.onmissing = onmissing;
    this.base = new URL(path, "http://example/");
    this.frame = element("iframe", { title });
    Object.assign(this.frame, { answerFromRecording: (/** @type {any} */ inside) => this.#install(inside) });
    this.frame.addEventListener("load", () => {
      this.#isLoaded = true;
      for (const act of this.#acts.splice(0)) act();
    });
    watchFrame(this.frame);
    this.clear();
  }

  /** Load the page anew. What is drawn from now on, it hears as soon as it listens. */
  clear() {
    for (const kept of [this.#coming, this.#sources, this.#answers, this.#bodies, this.#waiting]) kept.clear();
    this.#acts = [];
    this.#isLoaded = false;
    const install = "<script>frameElement.answerFromRecording(window)</script>";
    const html = this.html.replaceAll(CDN, ASSETS).replace(/\sautofocus\b/gi, ""); // the focus is the lesson's
    this.frame.srcdoc = html.replace(/<head[^>]*>/i, (head) => head + install);
  }

  /** @param {WireMessage} message */
  draw(message) {
    if (message.kind === "source") {
      const path = this.#path(message.url);
      this.#coming.set(path, [...(this.#coming.get(path) ?? []), message]);
      this.#deliver(path);
    } else if (message.kind === "request") {
      const act = () => this.#act(message);
      if (this.#isLoaded) act();
      else this.#acts.push(act);
    } else if (message.kind === "response" && isReadByScript(this.exchanges[message.connection - 1])) {
      this.#bodies.set(message.connection, { text: "", ended: false, more: () => {} });
      this.#answer(message.connection);
    } else if (message.kind === "chunk" || message.kind === "end") {
      const body = this.#bodies.get(message.connection);
      if (body && message.kind === "chunk") body.text += message.text;
      else if (body) body.ended = true;
      else if (message.kind === "end") this.#answer(message.connection);
      body?.more();
    }
  }

  /** @param {number} connection */
  #answer(connection) {
    const exchange = this.exchanges[connection - 1];
    const asked = `${exchange.method} ${this.#path(exchange.path)}`;
    this.#answers.set(asked, exchange);
    for (const answer of this.#waiting.get(asked) ?? []) answer(exchange);
    this.#waiting.delete(asked);
  }

  /** @param {string | URL} url  relative, or as scripts in the frame have resolved it: its base is that of this document */
  #path(url) {
    const here = new URL(".", document.baseURI).href;
    return new URL(`${url}`.startsWith(here) ? `${url}`.slice(here.length) : url, this.base).pathname;
  }

  /**
   * What the visitor of the recording did to cause a request: filled in and sent a form, or pressed a button.
   * @param {{method: string, path: string, body?: string}} request
   */
  #act({ method, path: asked, body }) {
    const page = /** @type {Document} */ (this.frame.contentDocument);
    const path = this.#path(asked);
    const asker = [...page.querySelectorAll(ASKS)].find(
      (each) =>
        !each.hasAttribute("hx-trigger") && this.#path(each.getAttribute(`hx-${method.toLowerCase()}`) ?? "?") === path,
    );
    const form = asker ?? (body && page.querySelector("form"));
    if (form && form.matches("form")) {
      for (const [name, value] of valuesOf(new URL(asked, this.base), body)) {
        const field = /** @type {HTMLInputElement | null} */ (form.querySelector(`[name="${CSS.escape(name)}"]`));
        if (field) field.value = value;
      }
      /** @type {HTMLFormElement} */ (form).requestSubmit();
    } else if (asker) {
      /** @type {HTMLElement} */ (asker).click();
    } else if (this.#coming.has(path) && !this.#sources.has(path) && !page.querySelector(`${ASKS}, [sse-connect]`)) {
      page.querySelector("button")?.click(); // a page that waits for its one visitor
    }
  }

  /** @param {string} path */
  #deliver(path) {
    const source = this.#sources.get(path);
    if (!source) return;
    const inside = /** @type {any} */ (this.frame.contentWindow);
    for (const { what, type = "", data, lastEventId, readyState } of this.#coming.get(path)?.splice(0) ?? []) {
      if (source.readyState === 2) break;
      if (what === "open" || what === "error") {
        source.readyState = readyState;
        source.tell(new inside.Event(what));
      } else if (what === "event") source.tell(new inside.MessageEvent(type, { data, lastEventId }));
    }
  }

  /**
   * @param {string} method
   * @param {string | URL} url
   * @returns {Promise<Exchange>}  as soon as the recording has come so far
   */
  #ask(method, url) {
    const asked = `${method.toUpperCase()} ${this.#path(url)}`;
    const answer = this.#answers.get(asked);
    if (answer) return Promise.resolve(answer);
    if (!this.exchanges.some((each) => `${each.method} ${this.#path(each.path)}` === asked)) this.onmissing(asked);
    return new Promise((resolve) => this.#waiting.set(asked, [...(this.#waiting.get(asked) ?? []), resolve]));
  }

  /**
   * Before any script of the page runs: its ways to the server lead to the recording, and readers' presses nowhere.
   * @param {any} inside  the frame's window
   */
  #install(inside) {
    keepScrollingInside(inside);
    inside.console.error = () => {}; // by which htmx tells of recorded errors as of errors of this page
    const ask = this.#ask.bind(this);
    const attach = (/** @type {RecordedSource} */ source, /** @type {string | URL} */ url) => {
      const path = this.#path(url);
      this.#sources.set(path, source);
      queueMicrotask(() => this.#deliver(path)); // when it has been given its listeners
    };

    inside.EventSource = class EventSource extends inside.EventTarget {
      static CONNECTING = 0;
      static OPEN = 1;
      static CLOSED = 2;
      readyState = 0;

      /** @param {string | URL} url */
      constructor(url) {
        super();
        this.url = url;
        attach(/** @type {any} */ (this), url);
      }

      /** @param {Event} event */
      tell(event) {
        /** @type {any} */ (this)[`on${event.type}`]?.(event);
        this.dispatchEvent(event);
      }

      close() {
        this.readyState = 2;
      }
    };

    inside.fetch = async (/** @type {string | URL} */ url, { method = "GET" } = {}) => {
      const answer = await ask(method, url);
      const body = this.#bodies.get(this.exchanges.indexOf(answer) + 1);
      if (body) this.#answers.delete(`${method.toUpperCase()} ${this.#path(url)}`); // to be read once
      const content = body ? streamed(inside, body) : textOf(answer) || null;
      return new inside.Response(content, { status: answer.status, headers: answer.headers });
    };

    inside.XMLHttpRequest = class XMLHttpRequest extends inside.EventTarget {
      upload = new inside.EventTarget();
      overrideMimeType() {}
      setRequestHeader() {}
      abort() {}

      /**
       * @param {string} method
       * @param {string | URL} url
       */
      open(method, url) {
        this.asked = { method, url };
      }

      async send() {
        const { method, url } = /** @type {{method: string, url: string | URL}} */ (this.asked);
        const answer = await ask(method, url);
        this.status = answer.status;
        this.response = this.responseText = textOf(answer);
        this.headers = new Headers(answer.headers);
        /** @type {any} */ (this).onload?.();
        this.dispatchEvent(new inside.Event("loadend"));
      }

      /** @param {string} name */
      getResponseHeader(name) {
        return this.headers?.get(name) ?? null;
      }

      getAllResponseHeaders() {
        return Array.from(this.headers ?? [], ([name, value]) => `${name}: ${value}\r\n`).join("");
      }
    };

    for (const press of ["click", "keydown"]) {
      const refuse = (/** @type {KeyboardEvent} */ event) => {
        if (!event.isTrusted || event.key === "Tab") return;
        event.preventDefault();
        event.stopImmediatePropagation();
      };
      inside.addEventListener(press, refuse, { capture: true });
    }
  }
}

/**
 * What a form has sent, as JSON by a script or as browsers do.
 * @param {URL} url
 * @param {string | undefined} body
 * @returns {Iterable<[string, any]>}
 */
function valuesOf({ searchParams }, body) {
  if (body?.startsWith("{")) return Object.entries(JSON.parse(body));
  return body ? new URLSearchParams(body) : searchParams;
}

/**
 * Whether it is an event stream that no event source has asked for.
 * @param {Exchange} exchange
 */
function isReadByScript(exchange) {
  return isEventStream(exchange.headers) && !isOfEventSource(exchange);
}

/**
 * A body that brings what has come, and then what comes.
 * @param {any} inside  the frame's window
 * @param {StreamBody} body
 */
function streamed(inside, body) {
  const encoder = new TextEncoder();
  let sent = 0;
  const start = (/** @type {ReadableStreamDefaultController<Uint8Array>} */ controller) => {
    body.more = () => {
      if (body.text.length > sent) controller.enqueue(encoder.encode(body.text.slice(sent)));
      sent = body.text.length;
      if (body.ended) controller.close();
    };
    body.more();
  };
  return new inside.ReadableStream({ start });
}

/** @param {Exchange} exchange */
function textOf({ headers, chunks }) {
  return isEventStream(headers) ? "" : chunks.map(([, text]) => text).join("");
}
