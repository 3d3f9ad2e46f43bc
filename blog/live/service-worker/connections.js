/** The connections of examples' pages: each request goes to the Python of its tab, and the answer comes back by the cable. */
import { pathAndQuery } from "./addresses.js";
import { headersOf, withProbe } from "./answers.js";
import { Transit, nextChange } from "./cable.js";
import { findTab, tabs, tell } from "./tabs.js";

/** @typedef {import("./addresses.js").Place} Place */
/** @typedef {import("./cable.js").Cable} Cable */
/** @typedef {import("./tabs.js").Tab} Tab */

const BOOT = crypto.randomUUID(); // each life of this script has its own connections
let connectionCount = 0;

/**
 * @param {Place} place
 * @param {Request} request
 * @returns {Promise<Response>}
 */
export async function exchange(place, request) {
  await findTab(place.tab);
  const fromEventSource = isEventSource(place, request);
  const body = request.method === "GET" || request.method === "HEAD" ? null : await request.arrayBuffer();
  for (;;) {
    const id = `${BOOT} ${++connectionCount}`;
    if (fromEventSource) await mended(id, place, request.signal);
    const tab = tabs.get(place.tab);
    const cable = tab?.cables.get(place.server);
    if (!tab || !cable || request.signal.aborted) return notRunning(request);
    const connection = new Connection(id, place, tab, cable, request);
    if (cable.cut) return connection.refuse();
    if (cable.answer) return connection.preset(cable.answer);
    const response = await connection.open(request, body);
    if (!fromEventSource || response.type !== "error" || connection.endedBy !== "network") return response;
  }
}

/**
 * Whether it comes from an event source: that of a page names itself (probe.js), that of a worker cannot. It asks for no cached
 * answer, though ("no-store", and "reload" where developer tools turn the cache off), which `fetch` does only if told to.
 * @param {Place} place
 * @param {Request} request
 */
function isEventSource({ source }, { cache, headers }) {
  return source !== null || (cache !== "default" && headers.get("accept") === "text/event-stream");
}

/**
 * Until the cable is whole. An event source's attempt waits in a cut one, as packets do that are sent again and again: were
 * it refused, Firefox would close the event source for good.
 * @param {string} id  of the connection that is attempted
 * @param {Place} place
 * @param {AbortSignal} signal  the client does not wait any more
 */
async function mended(id, place, signal) {
  const { tab, server, source } = place;
  const cut = () => tabs.get(tab)?.cables.get(server)?.cut;
  const waiting = { kind: "waiting", connection: id, method: "GET", path: pathAndQuery(place), source };
  if (cut()) tell(tabs.get(tab)?.client, server, waiting);
  while (cut() && !signal.aborted) await nextChange(signal);
}

/** @param {Request} request */
function notRunning(request) {
  if (request.mode !== "navigate") return Response.error();
  const page =
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Not running</title><p>This server is not running any more.';
  return new Response(page, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
}

/** One request of an example's page, and its answer on the way back through the cable. */
export class Connection {
  #transit = new Transit(() => this.cable);
  /** @type {"server" | "client" | "network" | null} */
  endedBy = null;
  #decoder = new TextDecoder();
  /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
  #controller;

  /**
   * @param {string} id
   * @param {Place} place
   * @param {Tab} tab
   * @param {Cable} cable
   * @param {Request} request
   */
  constructor(id, place, tab, cable, request) {
    this.id = id;
    this.place = place;
    this.tab = tab;
    this.firstCable = cable;
    this.isPage = request.mode === "navigate";
    this.isEventSource = isEventSource(place, request);
    this.method = request.method;
    /** @type {[string, string][]} */
    this.headers = [["host", location.host], ...request.headers];
    request.signal.addEventListener("abort", () => this.left());
    tab.connections.set(this.id, this);
  }

  get cable() {
    return this.tab.cables.get(this.place.server) ?? this.firstCable;
  }

  /**
   * Hand the request to the server; the answer is there when the cable lets its beginning through.
   * @param {Request} request
   * @param {ArrayBuffer | null} body
   * @returns {Promise<Response>}
   */
  async open(request, body) {
    const { server, path, query, source } = this.place;
    const { protocol, hostname, port } = location;
    const scheme = protocol.slice(0, -1);
    this.#ask({
      kind: "request",
      server,
      method: this.method,
      path,
      query,
      headers: this.headers,
      body,
      source,
      credentials: request.credentials,
      scheme,
      host: hostname,
      port: Number(port) || (scheme === "https" ? 443 : 80),
    });
    const first = await this.#take();
    if (first?.end) this.#finish("server", first.end);
    if (!first?.head) return Response.error();
    try {
      return this.#respond(first.head, request);
    } catch (error) {
      this.breakOff("server", `The answer is no HTTP response: ${error}`); // a status or a header that there cannot be
      return Response.error();
    }
  }

  /**
   * @param {{status: number, headers: [string, string][]}} head
   * @param {Request} request
   */
  #respond({ status, headers }, request) {
    this.#tell({ kind: "response", status, headers });
    const shown = headersOf(headers, this.place, request);
    const bodiless = [204, 205, 304].includes(status) || this.method === "HEAD";
    const isPage = this.isPage && (shown.get("content-type") ?? "").startsWith("text/html");
    const body = this.#body(isPage ? (shown.get("content-type") ?? "") : null);
    if (!bodiless) return new Response(body, { status, headers: shown });
    body.pipeTo(new WritableStream()).catch(() => {}); // there is nothing but the end, which is to be told
    return new Response(null, { status, headers: shown });
  }

  /**
   * @param {string | null} pageType  of a page, its content-type: the probe is to be put into its head
   * @returns {ReadableStream<Uint8Array>}
   */
  #body(pageType) {
    let probe = pageType !== null;
    return new ReadableStream(
      {
        start: (controller) => void (this.#controller = controller),
        pull: async (controller) => {
          const item = await this.#take();
          if (!item) return;
          if (item.bytes) {
            this.#tell({ kind: "chunk", text: this.#decoder.decode(item.bytes, { stream: true }) });
            this.#ask({ kind: "pulled", size: item.bytes.length });
            controller.enqueue(probe ? withProbe(item.bytes, pageType ?? "") : item.bytes);
            probe = false;
          } else if (item.end) {
            this.#finish("server", item.end);
            this.#fail(item.end);
          } else {
            this.#finish("server", "The server ended the response.");
            controller.close();
          }
        },
        cancel: () => this.left(),
      },
      { highWaterMark: 0 },
    );
  }

  /**
   * A message of the worker about this connection.
   * @param {any} message
   */
  hear(message) {
    if (message.kind === "request") this.#tellRequest(message.headers);
    else if (message.kind === "response") this.#transit.add({ head: message });
    else if (message.kind === "chunk") this.#transit.add({ bytes: message.body });
    else if (message.kind === "end") this.#transit.add({ end: message.error });
  }

  /** The cable has changed. */
  wake() {
    this.#transit.wake();
  }

  #take() {
    return this.#transit.take(() => this.endedBy !== null);
  }

  /** The client has gone. */
  left() {
    if (this.endedBy) return;
    this.#finish("client", "The page closed the connection.");
    this.#ask({ kind: "cancel" });
  }

  /**
   * The connection breaks: the client sees a network error, the server a client gone.
   * @param {"server" | "network"} by
   * @param {string} why
   */
  breakOff(by, why) {
    if (this.endedBy) return;
    this.#finish(by, why);
    this.#ask({ kind: "cancel" });
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
    this.#finish("network", "The cable is cut.");
    return Response.error();
  }

  /** @param {503 | 204} status */
  preset(status) {
    this.cable.answer = null;
    this.tab.client.postMessage({ kind: "answered", server: this.place.server });
    this.#tellRequest(this.headers);
    this.#tell({ kind: "response", status, headers: [] });
    this.#finish("server", "The server ended the response.");
    return new Response(null, { status });
  }

  /**
   * @param {"server" | "client" | "network"} by
   * @param {string} why
   */
  #finish(by, why) {
    this.endedBy = by;
    this.tab.connections.delete(this.id);
    this.#tell({ kind: "end", by, why });
    this.wake();
  }

  /** @param {[string, string][]} headers */
  #tellRequest(headers) {
    const { method, place } = this;
    this.#tell({ kind: "request", method, path: pathAndQuery(place), headers, source: place.source });
  }

  /** @param {object} message  for the wire's view */
  #tell(message) {
    tell(this.tab.client, this.place.server, { ...message, connection: this.id });
  }

  /** @param {object} message  for the server */
  #ask(message) {
    this.tab.port.postMessage({ ...message, id: this.id });
  }
}
