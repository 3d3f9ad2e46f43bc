/** A connection of an example's page: its request goes to the Python of its tab, and the answer comes back by the cable. */
import { isEventStream } from "../page/event-stream.js";
import { pathAndQuery } from "./addresses.js";
import { decoderOf, headersOf as answerHeaders, withProbe } from "./answers.js";
import { Transit, announceChange } from "./cable.js";
import { tellCookies } from "./cookies.js";
import { FETCH, headersOf } from "./request-headers.js";

/** @typedef {import("./addresses.js").Place} Place */
/** @typedef {import("./cable.js").Cable} Cable */
/** @typedef {import("./cable.js").Head} Head */
/** @typedef {import("./tabs.js").Tab} Tab */

const SHARE = 64; // pieces that a page gets between two of its frames, of one connection
const LARGE = 65_536; // bytes that are enough for that, too
const LINES = 128; // of an event stream, that one piece has at most: each event costs the page as much as any other piece
const LINE_FEED = 10;
const CONTENT = 10_000; // bytes of a request's body that the wire's view is told
const GOING_AWAY = 1001; // what a WebSocket's server hears of a page that is left

/**
 * Whether it comes from an event source: that of a page names itself (probe.js), that of a worker cannot. It asks for no cached
 * answer, though ("no-store", and "reload" where developer tools turn the cache off), which `fetch` does only if told to.
 * @param {Place} place
 * @param {Request} request
 */
export function isEventSource({ source }, { cache, headers }) {
  return source !== null || (cache !== "default" && headers.get("accept") === "text/event-stream");
}

/** One request of an example's page, and its answer on the way back through the cable. */
export class Connection {
  /** What the worker takes it for. */
  kind = "request";
  #transit = new Transit(() => this.passing);
  /** @type {"server" | "client" | "network" | null} */
  endedBy = null;
  #type = ""; // of the answer
  /** Whether the answer is an event stream, whoever reads it. */
  #isStream = false;
  /** @type {TextDecoder | undefined} */
  #decoder;
  /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
  #controller;

  /**
   * @param {string} id
   * @param {Place} place
   * @param {Tab} tab
   * @param {Cable} cable
   * @param {Request} request
   * @param {ArrayBuffer | null} content  of the request
   */
  constructor(id, place, tab, cable, request, content) {
    this.id = id;
    this.place = place;
    this.tab = tab;
    this.firstCable = cable;
    this.isPage = request.mode === "navigate";
    this.isEventSource = isEventSource(place, request);
    this.method = request.method;
    this.content = content;
    /** By which the page tells what becomes of it (probe.js). */
    this.fetch = request.headers.get(FETCH);
    /** @type {[string, string][]} */
    this.headers = this.headersOf(request);
    request.signal.addEventListener("abort", () => this.left());
    tab.connections.set(this.id, this);
  }

  /**
   * @param {Request} request
   * @returns {[string, string][]}
   */
  headersOf(request) {
    return headersOf(request);
  }

  get cable() {
    return this.tab.cables.get(this.place.server) ?? this.firstCable;
  }

  /** The cable, as far as what comes by it is held up. */
  get passing() {
    return this.cable;
  }

  /**
   * Hand the request to the server; the answer is there when the cable lets its beginning through.
   * @param {Request} request
   * @param {string} client
   * @returns {Promise<Response>}
   */
  async open(request, client) {
    const { server, jar, path, query, source } = this.place;
    const { protocol, hostname, port } = location;
    const scheme = protocol.slice(0, -1);
    this.ask({
      kind: this.kind,
      server,
      jar,
      method: this.method,
      path,
      query,
      headers: this.headers,
      body: this.content,
      source,
      client: this.isEventSource ? client : null,
      credentials: request.credentials,
      scheme,
      host: hostname,
      port: Number(port) || (scheme === "https" ? 443 : 80),
    });
    const first = await this.take();
    if (first?.end) this.finish("server", first.end);
    if (!first?.head) return Response.error();
    const { headers, cookies } = first.head;
    if (headers.some(([name]) => name === "set-cookie")) await tellCookies(this.place, cookies);
    try {
      const response = this.respond(first.head, request);
      await this.tab.account.told(); // before what the page makes of it
      return response;
    } catch (error) {
      this.breakOff("server", `The answer is no HTTP response: ${error}`); // a status or a header that there cannot be
      return Response.error();
    }
  }

  /**
   * @param {Head} head
   * @param {Request} request
   */
  respond({ status, reason, headers, cookies }, request) {
    this.tell({ kind: "response", status, headers });
    const shown = answerHeaders(headers, this.place, request);
    this.#type = shown.get("content-type") ?? "";
    const bodiless = [204, 205, 304].includes(status) || this.method === "HEAD";
    const isPage = this.isPage && this.#type.startsWith("text/html");
    if (isPage) shown.delete("content-length"); // it gets the probe
    const head = { status, statusText: reason, headers: shown };
    const body = this.body(isPage ? cookies : null);
    if (!bodiless) return new Response(body, head);
    body.pipeTo(new WritableStream()).catch(() => {}); // there is nothing but the end, which is to be told
    return new Response(null, head);
  }

  /**
   * @param {Head["cookies"] | null} cookies  of a page: the probe is to be put into its head, with these
   * @param {Uint8Array} [first]  what the page gets before all that comes from the server
   * @returns {ReadableStream<Uint8Array>}
   */
  body(cookies, first) {
    let probe = cookies;
    return new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
          if (first) controller.enqueue(first);
        },
        pull: async (controller) => {
          const item = await this.take();
          if (!item) return;
          if (item.bytes) {
            const pieces = this.#share(item.bytes);
            for (const piece of pieces) this.tellPiece(piece);
            await this.tab.account.told();
            if (this.endedBy) return;
            for (const piece of pieces) {
              this.ask({ kind: "pulled", size: piece.length });
              controller.enqueue(probe ? withProbe(piece, this.#type, probe) : piece);
              probe = null;
            }
          } else if (item.end) {
            this.finish("server", item.end);
            this.#fail(item.end);
          } else {
            this.finish("server", this.ended);
            controller.close();
          }
        },
        cancel: () => this.left(),
      },
      { highWaterMark: 0 },
    );
  }

  /**
   * What the page gets at once: the bytes, and what else has come by now, as long as the page can follow.
   * @param {Uint8Array} first
   */
  #share(first) {
    const pieces = [first];
    let size = first.length;
    for (let more; pieces.length < SHARE && size < LARGE && (more = this.#transit.more()); pieces.push(more)) {
      size += more.length;
    }
    if (pieces.length === SHARE || size >= LARGE) this.tell({ kind: "crowded" });
    return pieces;
  }

  /**
   * For the wire's view.
   * @param {Uint8Array} bytes  of the answer
   */
  tellPiece(bytes) {
    this.#decoder ??= this.#isStream ? new TextDecoder() : decoderOf(bytes, this.#type); // streams are UTF-8
    this.tell({ kind: "chunk", text: this.#decoder.decode(bytes, { stream: true }) });
  }

  /** What there is to say when the answer is complete. */
  get ended() {
    return "The server ended the response.";
  }

  /**
   * A message of the worker about this connection.
   * @param {any} message
   */
  hear(message) {
    if (message.kind === "request") this.#tellRequest(message.headers);
    else if (message.kind === "response") this.#answer(message);
    else if (message.kind === "chunk") this.#add(message.body);
    else if (message.kind === "end") this.#transit.add({ end: message.error });
  }

  /** @param {Head} head */
  #answer(head) {
    this.#isStream = isEventStream(head.headers);
    this.#transit.add({ head });
  }

  /** @param {Uint8Array} bytes */
  #add(bytes) {
    const pieces = this.#isStream ? inPieces(bytes) : [bytes];
    for (const piece of pieces) this.#transit.add({ bytes: piece });
  }

  /** The cable has changed. */
  wake() {
    this.#transit.wake();
  }

  take() {
    return this.#transit.take(() => this.endedBy !== null);
  }

  /** The client has gone. */
  left() {
    if (this.endedBy) return;
    this.finish("client", "The page closed the connection.");
    this.ask({ kind: "cancel", code: GOING_AWAY });
  }

  /**
   * The connection breaks: the client sees a network error, the server a client gone.
   * @param {"server" | "network"} by
   * @param {string} why
   */
  breakOff(by, why) {
    if (this.endedBy) return;
    this.finish(by, why);
    this.ask({ kind: "cancel" });
    this.#fail(why);
  }

  /**
   * To an event source, a broken connection and the end of the response are the same: it reconnects. Chromium takes a body
   * that fails in a service worker for something else, and closes the event source for good; so it gets the end.
   * @param {string} why
   */
  #fail(why) {
    if (this.isEventSource) this.#controller?.close();
    else this.#controller?.error(new TypeError(why));
  }

  /** The cable is cut: nothing gets through. */
  refuse() {
    this.#tellRequest(this.headers);
    this.finish("network", "The cable is cut.");
    return Response.error();
  }

  /** @param {503 | 204} status */
  preset(status) {
    this.cable.answer = null;
    this.tab.client.postMessage({ kind: "answered", server: this.place.server });
    this.#tellRequest(this.headers);
    this.tell({ kind: "response", status, headers: [] });
    this.finish("server", "The server ended the response.");
    return new Response(null, { status, statusText: status === 204 ? "No Content" : "Service Unavailable" });
  }

  /**
   * @param {"server" | "client" | "network"} by
   * @param {string} why
   */
  finish(by, why) {
    this.endedBy = by;
    this.tab.connections.delete(this.id);
    this.tell({ kind: "end", by, why });
    this.wake();
    announceChange(); // there may be room for another one
  }

  /** @param {[string, string][]} headers */
  #tellRequest(headers) {
    const { method, place, fetch } = this;
    const path = pathAndQuery(place);
    this.tell({ kind: "request", method, path, headers, source: place.source, fetch, ...shown(this.content) });
  }

  /** @param {object} message  for the wire's view */
  tell(message) {
    this.tab.account.add(this.place.server, { ...message, connection: this.id, reader: this.place.reader });
  }

  /** @param {object} message  for the server */
  ask(message) {
    this.tab.port.postMessage({ ...message, id: this.id });
  }
}

/**
 * A request's body, as the wire's view shows it.
 * @param {ArrayBuffer | null} content
 */
function shown(content) {
  if (!content?.byteLength) return {};
  const text = new TextDecoder().decode(content.slice(0, CONTENT));
  return { body: text, more: Math.max(0, content.byteLength - CONTENT) };
}

/**
 * @param {Uint8Array} bytes
 * @returns {Generator<Uint8Array>}
 */
function* inPieces(bytes) {
  let start = 0;
  let lines = 0;
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] !== LINE_FEED || ++lines < LINES) continue;
    yield bytes.subarray(start, index + 1);
    start = index + 1;
    lines = 0;
  }
  if (start < bytes.length) yield bytes.subarray(start);
}
