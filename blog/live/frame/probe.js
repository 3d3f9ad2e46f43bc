/**
 * The first script of every page of an example: tells the wire's view what the browser makes of its event streams, and what
 * becomes of its fetches, has its WebSockets and its cookies lead to the example's server, and keeps the page's links within
 * the example.
 *
 * Each event source and each fetch names itself in its request, and the service worker takes the name off again. A request
 * with the name of an event source that was seen before is the browser's own reconnect; Chromium does not tell a service
 * worker otherwise.
 */
import "./document-cookie.js";
import "./web-socket.js";

{
  const [, tab, server, reader = "1"] =
    /\/live\/(tab-[0-9a-f]+)\/(\w+-\d+)(?:~(\d)~\d)?\//.exec(location.pathname) ?? [];
  const channel = new BroadcastChannel(`streamside-${tab}`);
  const life = Math.random().toString(36).slice(2, 10);
  let count = 0;

  globalThis.EventSource = class EventSource extends globalThis.EventSource {
    #address;
    #name = `${life}-${++count}`;
    /** Event types that are told already. */
    #types = new Set();

    /**
     * @param {string | URL} url
     * @param {EventSourceInit} [options]
     */
    constructor(url, options) {
      super(named(url, `${life}-${count + 1}`), options);
      this.#address = new URL(url, document.baseURI).href;
      this.#tell("created");
      super.addEventListener("open", () => this.#tell("open"));
      super.addEventListener("error", () => this.#tell("error"));
      this.#tellEvents("message");
    }

    get url() {
      return this.#address;
    }

    close() {
      if (this.readyState !== EventSource.CLOSED) {
        super.close();
        this.#tell("close");
      }
    }

    /**
     * @param {string} type
     * @param {any} listener
     * @param {boolean | AddEventListenerOptions} [options]
     */
    addEventListener(type, listener, options) {
      this.#tellEvents(type);
      super.addEventListener(type, listener, options);
    }

    /** @param {string} type */
    #tellEvents(type) {
      if (this.#types.has(type)) return;
      this.#types.add(type);
      this.#tell("listens", { type });
      super.addEventListener(type, (event) => {
        if (event instanceof MessageEvent)
          this.#tell("event", { type, data: event.data, lastEventId: event.lastEventId });
      });
    }

    /**
     * @param {"created" | "listens" | "open" | "event" | "error" | "close"} what
     * @param {object} [more]
     */
    #tell(what, more) {
      tell({ kind: "source", source: this.#name, what, url: this.url, readyState: this.readyState, ...more });
    }
  };

  const { fetch } = globalThis;
  let fetches = 0;

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  globalThis.fetch = async (input, init) => {
    const asked = input instanceof Request ? input : null;
    const url = new URL(asked?.url ?? `${input}`, document.baseURI);
    if (url.origin !== location.origin || init instanceof Request) return fetch(input, init);
    const name = `${life}-fetch-${++fetches}`;
    const headers = new Headers(init?.headers ?? asked?.headers);
    headers.set("streamside-fetch", name);
    const signal = init?.signal ?? asked?.signal;
    const told = (/** @type {"aborted" | "failed"} */ what, /** @type {unknown} */ reason) =>
      tell({ kind: "fetch", fetch: name, what, reason: `${reason}` });
    signal?.addEventListener("abort", () => told("aborted", signal.reason), { once: true });
    try {
      return await fetch(input, { ...init, headers });
    } catch (error) {
      if (!signal?.aborted) told("failed", error);
      throw error;
    }
  };

  /** Events that the page is about to be told of: those of one piece of a stream together. @type {object[]} */
  let events = [];

  /** @param {Record<string, any>} account */
  const tell = (account) => {
    const time = performance.timeOrigin + performance.now();
    if (events.push({ server, reader: Number(reader), time, ...account }) === 1) setTimeout(tellAll);
    if (account.what !== "event") tellAll(); // it may be the last that the page does
  };

  const tellAll = () => {
    if (events.length) channel.postMessage(events);
    events = [];
  };

  /**
   * @param {string | URL} address
   * @param {string} name
   */
  const named = (address, name) => {
    if (!URL.canParse(address, document.baseURI)) return address; // the browser says what is wrong with it
    const url = new URL(address, document.baseURI);
    if (url.origin === location.origin) url.search += `${url.search ? "&" : "?"}streamside-source=${name}`;
    return url;
  };
}

/*
 * To a server of its own, `/x` is an address of the example; here it would lead to the host of the whole site. A service worker
 * is asked about what a page fetches, wherever it is, but about a navigation, and a worker's script, only within its own scope.
 */
{
  const home = /.*?\/live\/tab-[0-9a-f]+\/\w+-\d+(~\d~\d)?\//.exec(location.href)?.[0] ?? "";

  /**
   * Where an address leads that is meant to be the example's, and is not; else null.
   * @param {string | URL} address
   */
  const mapped = (address) => {
    const url = URL.canParse(address, document.baseURI) && new URL(address, document.baseURI);
    const isPath = url && url.protocol === location.protocol && url.origin === location.origin; // a blob has an origin too
    if (!isPath || url.href.startsWith(home)) return null;
    return `${home}${url.pathname.slice(1)}${url.search}${url.hash}`;
  };

  /**
   * Lead a link or a form to the example while the browser follows it: everything else about it stays the browser's.
   * @param {Element} element
   * @param {"href" | "action" | "formaction"} attribute
   */
  const lead = (element, attribute) => {
    const given = element.getAttribute(attribute);
    const there = given === null ? null : mapped(given);
    if (given === null || there === null) return;
    element.setAttribute(attribute, there);
    setTimeout(() => element.setAttribute(attribute, given));
  };

  for (const press of ["click", "auxclick"]) {
    addEventListener(press, (event) => {
      if (event.defaultPrevented) return;
      const link = event.composedPath().find((each) => each instanceof Element && each.matches("a[href], area[href]"));
      if (link) lead(/** @type {Element} */ (link), "href");
    });
  }

  addEventListener("submit", (/** @type {any} */ event) => {
    if (event.defaultPrevented) return;
    lead(event.target, "action");
    if (event.submitter) lead(event.submitter, "formaction");
  });

  for (const kind of /** @type {const} */ (["Worker", "SharedWorker"])) {
    const Native = /** @type {any} */ (globalThis[kind]); // some browsers have no shared ones
    if (!Native) continue;
    const { [kind]: Mapped } = {
      [kind]: class extends Native {
        /**
         * @param {string | URL} url
         * @param {WorkerOptions | string} [options]
         */
        constructor(url, options) {
          super(mapped(url) ?? url, options);
        }
      },
    };
    Object.assign(globalThis, { [kind]: Mapped });
  }

  const submit = HTMLFormElement.prototype.submit; // which says nothing of it to anybody
  HTMLFormElement.prototype.submit = function () {
    lead(this, "action");
    submit.call(this);
  };

  // What scripts do, by `location = "/x"` for one, where the browser lets a page know.
  globalThis.navigation?.addEventListener("navigate", (event) => {
    const there = event.destination.sameDocument || event.formData ? null : mapped(event.destination.url);
    if (there === null || !event.cancelable) return;
    event.preventDefault();
    if (event.navigationType === "replace") location.replace(there);
    else location.assign(there);
  });
}
