/** The way to the service worker, and what it tells. */
import { after } from "./after.js";
import { REFUSED } from "./obstacle.js";
import { address } from "./python-files.js";
import { python } from "./python.js";
import { servers, TAB } from "./servers.js";
import { Obstacle, StartError } from "./start-error.js";

const SITE = new URL("../../", import.meta.url).href;
const PING = 15_000; // ms; Firefox stops a service worker after 30 s, whatever streams it has
const SETTLE = 25; // ms by which a page's account waits, so that bytes are told before what was made of them
const UNDRAWN = 100; // ms after which is taken for drawn what is not: a page that is not shown draws no frames
const SLOW = 50; // ms for which a page that draws cannot do what its reader wants
const HEARD = 1_500; // ms within which it acts on what it is told

/** @typedef {import("./running.js").WireMessage} WireMessage */

/** The way to the service worker. */
export const serviceWorkerLink = {
  /** @type {Promise<ServiceWorkerRegistration> | undefined} */
  registered: undefined,
  /** @type {ServiceWorker | null} */
  worker: null,
  /** @type {ReturnType<typeof setInterval> | undefined} */
  pings: undefined,
  /** @type {Map<number, () => void>} */
  calls: new Map(),
  callCount: 0,

  /** Resolves when there is a service worker that frames will be answered by. */
  async ready() {
    this.registered ??= this.register();
    try {
      await this.registered;
    } catch {
      this.registered = undefined;
      throw new Obstacle(REFUSED);
    }
    const worker = await this.active();
    if (this.worker !== worker && python.worker) this.introduce(worker); // Python may have been ended meanwhile
    this.pings ??= setInterval(() => servers.size && this.tell({ kind: "ping" }), PING);
  },

  /** The registration; if there is one, browsers look for a newer script by themselves, and `register` would wait for them. */
  async register() {
    const known = await navigator.serviceWorker.getRegistration(SITE);
    if (known?.active && known.scope === SITE) return known;
    return navigator.serviceWorker.register(`${SITE}service-worker.js`, { scope: SITE, updateViaCache: "none" });
  },

  /** The service worker that answers new frames: the active one, or the first that becomes so. */
  async active() {
    const registration = /** @type {ServiceWorkerRegistration} */ (await this.registered);
    const coming = registration.installing ?? registration.waiting;
    while (coming && !registration.active) {
      await new Promise((resolve) => coming.addEventListener("statechange", resolve, { once: true }));
      if (coming.state === "redundant") throw new StartError("The browser could not install the service worker.");
    }
    return registration.active;
  },

  /** @param {ServiceWorker | null} worker */
  introduce(worker) {
    this.worker = worker;
    const { port1, port2 } = new MessageChannel();
    const cables = Object.fromEntries([...servers.values()].map((running) => [running.name, running.cableState]));
    python
      .start()
      .then((python) => python.postMessage({ kind: "port" }, [port2]))
      .catch(() => {}); // told by who asks Python
    worker?.postMessage({ kind: "tab", tab: TAB, cables }, [port1]);
  },

  /**
   * Resolves when the service worker has acted on it, and its account of that has come: messages to it and requests come in
   * no order.
   * @param {object} message
   */
  async tell(message) {
    const call = ++this.callCount;
    const heard = new Promise((/** @type {(value?: undefined) => void} */ resolve) => this.calls.set(call, resolve));
    this.worker?.postMessage({ ...message, call });
    await Promise.race([heard, after(HEARD)]);
    this.calls.delete(call);
  },

  /** Have what this page was made of kept, so that the next visit needs no network. */
  keepForNextVisit() {
    const urls = [location.href, ...performance.getEntriesByType("resource").map((entry) => entry.name)];
    const { connection: network } = /** @type {{connection?: {saveData: boolean}}} */ (navigator); // not in all browsers
    if (!network?.saveData) urls.push(address("started.bin"));
    this.tell({ kind: "keep", urls });
  },

  /** @param {string} why */
  end(why) {
    this.tell({ kind: "gone", tab: TAB, why });
    this.worker = null; // Python's next worker is to be introduced
  },
};

navigator.serviceWorker?.addEventListener("message", ({ data, source }) => {
  if (data.kind === "tab?" && data.tab === TAB && servers.size)
    serviceWorkerLink.introduce(/** @type {ServiceWorker} */ (source));
  else if (data.kind === "wire") drawBatch(data, /** @type {ServiceWorker} */ (source));
  else if (data.kind === "heard") serviceWorkerLink.calls.get(data.call)?.();
  else if (data.kind === "answered") servers.get(data.server)?.answered();
});
navigator.serviceWorker?.startMessages(); // or what is told before the page has loaded would wait

new BroadcastChannel(`streamside-${TAB}`).addEventListener("message", ({ data }) => {
  for (const { server, ...message } of data) {
    if (message.what === "listens") servers.get(server)?.listens(message);
    else setTimeout(() => servers.get(server)?.wire(message), SETTLE);
  }
});

/**
 * More comes when this has been drawn.
 * @param {{count: number, entries: {server: string, message: WireMessage}[]}} batch
 * @param {ServiceWorker} from
 */
async function drawBatch({ count, entries }, from) {
  for (const { server, message } of entries) servers.get(server)?.wire(message);
  const began = performance.now();
  await Promise.race([new Promise(requestAnimationFrame).then(() => after(0)), after(UNDRAWN)]);
  const took = performance.now() - began;
  if (took > SLOW) await after(took); // half of the time is the reader's, who may want to press Stop
  from.postMessage({ kind: "drawn", tab: TAB, count });
}
