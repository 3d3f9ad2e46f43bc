/**
 * Answers what an example's page asks for, from the Python server in the tab's worker, and is the cable in between.
 *
 * An address `…/live/TAB/SERVER/PATH` is PATH of one server of one open tab. This script keeps nothing that it cannot
 * ask for again: a browser stops it when it likes, and the tab tells it anew where its worker is (`tab`).
 *
 * From the tab: `tab` (tab, cables by server, with a port to its worker), `cable` (tab, server, cable or null, why),
 * `gone` (tab, why), `keep` (urls), `ping`. To the tab: `heard` (call: of each message but the first, after all that it
 * brought about), `tab?` (tab), `wire` (server, message), `answered` (server: the preset answer is used up). With the worker:
 * see bridge/messages.py.
 */
/* global streamside */
importScripts("live/bundle.js");

const serviceWorker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const BOOT = crypto.randomUUID(); // each life of this script has its own connections
const SITE = new URL("./", serviceWorker.location.href).href;
const LIVE = new RegExp(
  `^${SITE.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}live/(tab-[0-9a-f]+)/(\\w+-\\d+)(/[^?#]*)(\\?[^#]*)?`,
);
const SOURCE = /[?&]streamside-source=([\w-]+)$/; // added by probe.js, taken off here
const HELD = 16_384; // bytes that a buffering proxy holds back
const PATIENCE = 5_000; // ms to wait for a tab to say where its worker is
const MAPPED = ["location", "hx-redirect", "hx-location", "hx-push-url", "hx-replace-url"];

/** @typedef {{cut: boolean, delay: number, rate: number, hold: boolean, answer: 503 | 204 | null}} Cable */
/** @typedef {{client: Client, port: MessagePort, cables: Map<string, Cable>}} Tab */
/** @typedef {{tab: string, server: string, path: string, query: string, source: string | null}} Place */
/** @typedef {{head?: {status: number, headers: [string, string][]}, bytes?: Uint8Array, end?: string | null, arrived: number}} Item */

/** @type {Map<string, Tab>} */
const tabs = new Map();
/** What tabs are asked for, and whom their answers are told. @type {Map<string, {answer: Promise<Tab | undefined>, tell: (tab?: Tab) => void}>} */
const asked = new Map();
/** @type {Map<string, Connection>} */
const connections = new Map();
let connectionCount = 0;
/** Called when any cable has changed. @type {Set<() => void>} */
const cableWatchers = new Set();

serviceWorker.addEventListener("install", () => void serviceWorker.skipWaiting());
serviceWorker.addEventListener("activate", (event) =>
  event.waitUntil(Promise.all([serviceWorker.clients.claim(), forgetOldFiles()])),
);

serviceWorker.addEventListener("message", (event) => {
  const { kind, ...message } = event.data;
  const client = /** @type {Client} */ (event.source);
  if (kind === "tab") {
    addTab(message.tab, message.cables, client, event.ports[0]);
    return;
  }
  if (kind === "cable") changeCable(message.tab, message.server, message.cable, message.why);
  else if (kind === "gone") removeTab(message.tab, message.why);
  else if (kind === "keep") event.waitUntil(keep(message.urls));
  client.postMessage({ kind: "heard", call: message.call });
});

serviceWorker.addEventListener("fetch", (event) => {
  const { url } = event.request;
  if (isLasting(url) && url.endsWith(".packed")) return; // Python's worker keeps these itself, unpacked
  const place = locate(url);
  event.respondWith(place ? exchange(place, event.request) : answerElsewhere(event));
});

/**
 * What an address stands for, if it is an example's.
 * @param {string} url
 * @returns {Place | undefined}
 */
function locate(url) {
  const found = LIVE.exec(url);
  if (!found) return undefined;
  const [, tab, server, path, query = ""] = found;
  const source = SOURCE.exec(query);
  return {
    tab,
    server,
    path,
    query: (source ? query.slice(0, source.index) : query).replace(/^\?/, ""),
    source: source && source[1],
  };
}

/**
 * Everything that is not below `live/TAB/`: an absolute path or a CDN link of an example's page, or the site itself.
 * @param {FetchEvent} event
 */
async function answerElsewhere(event) {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return asset(url); // the site's own pages ask for nothing elsewhere
  if (url.href.startsWith(`${SITE}live/`)) return siteFile(request);
  const home = locate(request.referrer) ?? (await homeOf(event.clientId));
  if (!home) return url.href.startsWith(SITE) && request.method === "GET" ? siteFile(request) : fetch(request);
  // An absolute path belongs to the example that asks for it.
  const source = SOURCE.exec(url.search);
  const query = (source ? url.search.slice(0, source.index) : url.search).replace(/^\?/, "");
  const there = { ...home, path: url.pathname, query, source: source && source[1] };
  return request.mode === "navigate" ? Response.redirect(address(there), 307) : exchange(there, request);
}

/**
 * The example whose page asks. A worker that is still loading is not to be asked for: it waits for our answer itself.
 * @param {string} clientId
 */
async function homeOf(clientId) {
  const client = clientId ? await serviceWorker.clients.get(clientId) : undefined;
  return locate(client?.url ?? "");
}

/**
 * @param {Place} place
 * @returns {string}
 */
function address(place) {
  return `${SITE}live/${place.tab}/${place.server}${place.path}${place.query && `?${place.query}`}`;
}

// ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A CDN's file, from our own copy. There are no others: an example's page gets nothing from other origins.
 * @param {URL} url
 */
async function asset(url) {
  const name = Object.keys(streamside.assets).find((link) => url.pathname.endsWith(`/${link}`));
  if (name) return siteFile(new Request(`${SITE}live/${streamside.assets[name]}`));
  return new Response(`${url} is not among the files that this page has.`, { status: 404, statusText: "Not Found" });
}

/**
 * A file of the site: one named by its content from the cache, any other from the network while there is one.
 * @param {Request} request
 */
async function siteFile(request) {
  const cache = await openCache();
  const lasting = isLasting(request.url);
  const kept = lasting ? await cache?.match(request.url) : undefined;
  if (kept) return kept;
  try {
    const response = await fetch(request);
    if (response.status === 200) cache?.put(request.url, response.clone()).catch(() => {}); // no room: do without
    return response;
  } catch (error) {
    const old = await cache?.match(request.url, { ignoreSearch: true });
    if (old) return old;
    throw error;
  }
}

/** @param {string} url */
function isLasting(url) {
  return url.startsWith(`${SITE}live/files/`) || url.startsWith(`${SITE}live/assets/`);
}

/** The cache, unless the browser has none for us (a private window, no room). */
function openCache() {
  return caches.open("streamside").catch(() => undefined);
}

/**
 * Fetch files once more so that the next visit needs no network.
 * @param {string[]} urls
 */
async function keep(urls) {
  const cache = await openCache();
  await Promise.allSettled(urls.map(async (url) => (await cache?.match(url)) ?? cache?.add(url)));
}

/** Remove the files that this deployment does not have. */
async function forgetOldFiles() {
  const cache = await openCache();
  const current = new Set(
    [...Object.values(streamside.files), ...Object.values(streamside.assets)].map((name) => `${SITE}live/${name}`),
  );
  for (const request of (await cache?.keys()) ?? []) {
    if (isLasting(request.url) && !current.has(request.url)) await cache?.delete(request);
  }
}

// ── tabs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * @param {string} tab
 * @param {Record<string, Cable>} cables
 * @param {Client} client
 * @param {MessagePort} port
 */
function addTab(tab, cables, client, port) {
  const added = { client, port, cables: new Map(Object.entries(cables)) };
  tabs.set(tab, added);
  port.onmessage = (event) => connections.get(event.data.id)?.hear(event.data);
  asked.get(tab)?.tell(added);
}

/**
 * @param {string} tab
 * @param {string} why
 */
function removeTab(tab, why) {
  for (const connection of ofServer(tab)) connection.breakOff("server", why);
  tabs.get(tab)?.port.close();
  tabs.delete(tab);
  cablesChanged();
}

/**
 * Where a tab's worker is; asked for if this script has just woken up.
 * @param {string} id
 * @returns {Promise<Tab | undefined>}
 */
async function findTab(id) {
  return tabs.get(id) ?? asked.get(id)?.answer ?? ask(id);
}

/**
 * Ask once, however many wait for it: with each answer comes a new port, and what went over the one before is ended.
 * @param {string} id
 * @returns {Promise<Tab | undefined>}
 */
async function ask(id) {
  let tell = /** @type {(tab?: Tab) => void} */ (() => {});
  const answer = new Promise((/** @type {typeof tell} */ resolve) => (tell = resolve));
  asked.set(id, { answer, tell });
  const timer = setTimeout(tell, PATIENCE, undefined);
  for (const client of await serviceWorker.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    client.postMessage({ kind: "tab?", tab: id });
  }
  const tab = await answer;
  clearTimeout(timer);
  asked.delete(id);
  return tab;
}

/**
 * @param {string} tab
 * @param {string} [server]
 */
function ofServer(tab, server) {
  return [...connections.values()].filter(
    (each) => each.place.tab === tab && (!server || each.place.server === server),
  );
}

/**
 * @param {string} tab
 * @param {string} server
 * @param {Cable | null} cable  null: the server is no more
 * @param {string} why
 */
function changeCable(tab, server, cable, why) {
  if (cable) tabs.get(tab)?.cables.set(server, cable);
  else tabs.get(tab)?.cables.delete(server);
  for (const connection of ofServer(tab, server)) {
    if (cable?.cut) connection.breakOff("network", "The cable was cut.");
    else if (!cable) connection.breakOff("server", why);
    else connection.wake();
  }
  cablesChanged();
}

function cablesChanged() {
  for (const look of cableWatchers) look();
  cableWatchers.clear();
}

// ── connections ────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * @param {Place} place
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function exchange(place, request) {
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
async function mended(id, { tab, server, path, query, source }, signal) {
  const cut = () => tabs.get(tab)?.cables.get(server)?.cut;
  if (cut())
    tell(tabs.get(tab)?.client, server, {
      kind: "waiting",
      connection: id,
      method: "GET",
      path: pathAndQuery(path, query),
      source,
    });
  while (cut() && !signal.aborted) {
    await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      cableWatchers.add(resolve);
      signal.addEventListener("abort", resolve, { once: true });
    });
  }
}

/**
 * @param {Client | undefined} client
 * @param {string} server
 * @param {object} message  for the wire's view
 */
function tell(client, server, message) {
  const time = performance.timeOrigin + performance.now();
  client?.postMessage({ kind: "wire", server, message: { ...message, time } });
}

/**
 * @param {string} path
 * @param {string} query
 */
function pathAndQuery(path, query) {
  return query ? `${path}?${query}` : path;
}

/** @param {Request} request */
function notRunning(request) {
  if (request.mode !== "navigate") return Response.error();
  const page =
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Not running</title><p>This server is not running any more.';
  return new Response(page, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
}

/** One request of an example's page, and its answer on the way back through the cable. */
class Connection {
  /** What has come from the server and is still in the cable. @type {Item[]} */
  #inCable = [];
  /** When the cable is free again, at a limited rate. */
  #freeAt = 0;
  /** @type {"server" | "client" | "network" | null} */
  endedBy = null;
  #wake = () => {};
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
    this.credentials = request.credentials;
    /** @type {[string, string][]} */
    this.headers = [["host", location.host], ...request.headers];
    request.signal.addEventListener("abort", () => this.left());
    connections.set(this.id, this);
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
      credentials: this.credentials,
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
    const shown = new Headers();
    for (const [name, value] of headers) {
      if (name !== "content-length") shown.append(name, MAPPED.includes(name) ? this.#map(value, request.url) : value);
    }
    const bodiless = [204, 205, 304].includes(status) || this.method === "HEAD";
    const isPage = this.isPage && (shown.get("content-type") ?? "").startsWith("text/html");
    const body = this.#body(isPage ? (shown.get("content-type") ?? "") : null);
    if (!bodiless) return new Response(body, { status, headers: shown });
    body.pipeTo(new WritableStream()).catch(() => {}); // there is nothing but the end, which is to be told
    return new Response(null, { status, headers: shown });
  }

  /**
   * Absolute paths in an example's headers are below its own address.
   * @param {string} target
   * @param {string} here
   */
  #map(target, here) {
    if (!/^(\/|https?:)/.test(target)) return target;
    const url = new URL(target, here);
    if (url.origin !== location.origin || locate(url.href)) return url.href;
    return address({ ...this.place, path: url.pathname, query: url.search.replace(/^\?/, "") }) + url.hash;
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
    const arrived = performance.now();
    if (message.kind === "request") this.#tellRequest(message.headers);
    else if (message.kind === "response") this.#inCable.push({ head: message, arrived });
    else if (message.kind === "chunk") this.#inCable.push({ bytes: message.body, arrived });
    else if (message.kind === "end") this.#inCable.push({ end: message.error, arrived });
    this.wake();
  }

  /** The cable has changed, or something has come: look again. */
  wake() {
    this.#wake();
  }

  /**
   * The next thing that comes out of the cable.
   * @returns {Promise<Item | undefined>}  undefined if the connection is over
   */
  async #take() {
    while (!this.endedBy) {
      const pause = this.#pause();
      if (pause <= 0) return this.#next();
      await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
        this.#wake = resolve;
        if (pause < Infinity) setTimeout(resolve, pause);
      });
    }
    return undefined;
  }

  /** Milliseconds until the cable lets something through; Infinity if something must change first. */
  #pause() {
    const [first] = this.#inCable;
    if (!first) return Infinity;
    const { delay, hold } = this.cable;
    if (hold && !this.#isFull()) return Infinity;
    return Math.max(first.arrived + delay, this.#freeAt) - performance.now();
  }

  /** Whether a buffering proxy would let go of what it has: there is enough, or no more to come. */
  #isFull() {
    const size = this.#inCable.reduce((sum, item) => sum + (item.bytes?.length ?? 0), 0);
    return size >= HELD || this.#inCable.at(-1)?.end !== undefined;
  }

  /** @returns {Item | undefined} */
  #next() {
    const first = /** @type {Item} */ (this.#inCable[0]);
    const { rate } = this.cable;
    if (!rate || !first.bytes) return this.#inCable.shift();
    // A tenth of a second's worth at a time, so that a slow link is seen to be slow rather than late.
    const size = Math.max(1, Math.min(first.bytes.length, Math.floor(rate / 10)));
    this.#freeAt = performance.now() + (1000 * size) / rate;
    const bytes = first.bytes.subarray(0, size);
    first.bytes = first.bytes.subarray(size);
    if (!first.bytes.length) this.#inCable.shift();
    return { bytes, arrived: first.arrived };
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
    connections.delete(this.id);
    this.#tell({ kind: "end", by, why });
    this.#wake();
  }

  /** @param {[string, string][]} headers */
  #tellRequest(headers) {
    const { path, query, source } = this.place;
    this.#tell({ kind: "request", method: this.method, path: pathAndQuery(path, query), headers, source });
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

/**
 * A page's first bytes with a script before all others: what its event sources do is shown beside the wire.
 * @param {Uint8Array} bytes
 * @param {string} type  the page's content-type
 */
function withProbe(bytes, type) {
  const { encoding, mark } = encodingOf(bytes, type);
  const unit = encoding === "latin1" ? 1 : 2; // bytes of a character that is in ASCII
  const text = new TextDecoder(encoding).decode(bytes.subarray(mark, mark + 1024 * unit));
  const head = /^\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?\s*(<head[^>]*>)?/i.exec(text)?.[0].length ?? 0;
  const script = `<script src="${SITE}live/frame/probe.js"></script>`;
  const at = mark + head * unit;
  const whole = new Uint8Array(bytes.length + script.length * unit);
  whole.set(bytes.subarray(0, at));
  for (let index = 0; index < script.length; index++) {
    whole[at + index * unit + (encoding === "utf-16be" ? 1 : 0)] = script.charCodeAt(index);
  }
  whole.set(bytes.subarray(at), at + script.length * unit);
  return whole;
}

/**
 * How a page is written, as far as that matters here, by the byte order mark or else by its header, and the mark's length.
 * @param {Uint8Array} bytes
 * @param {string} type
 * @returns {{encoding: "latin1" | "utf-16be" | "utf-16le", mark: number}}  latin1: any in which ASCII is one byte each
 */
function encodingOf([first, second, third], type) {
  if (first === 0xef && second === 0xbb && third === 0xbf) return { encoding: "latin1", mark: 3 };
  if (first === 0xfe && second === 0xff) return { encoding: "utf-16be", mark: 2 };
  if (first === 0xff && second === 0xfe) return { encoding: "utf-16le", mark: 2 };
  const [, utf16 = "", be = ""] = /charset\s*=\s*"?(utf-16)(be)?/i.exec(type) ?? [];
  return { encoding: be ? "utf-16be" : utf16 ? "utf-16le" : "latin1", mark: 0 };
}
