/**
 * The first script of every page of an example: tells the wire's view what the browser makes of its event streams.
 *
 * Each event source names itself in its request, and the service worker takes the name off again. A request with a name that
 * was seen before is the browser's own reconnect; Chromium does not tell a service worker otherwise.
 */
{
  const [, tab, server] = /\/live\/(tab-[0-9a-f]+)\/(\w+-\d+)\//.exec(location.pathname) ?? [];
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
        if (event instanceof MessageEvent) this.#tell("event", { type, data: event.data, lastEventId: event.lastEventId });
      });
    }

    /**
     * @param {"created" | "listens" | "open" | "event" | "error" | "close"} what
     * @param {object} [more]
     */
    #tell(what, more) {
      const time = performance.timeOrigin + performance.now();
      channel.postMessage({ server, kind: "source", source: this.#name, time, what, url: this.url, readyState: this.readyState, ...more });
    }
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
