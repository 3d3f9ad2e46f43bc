/** An example's pages know its server's cookies (../frame/document-cookie.js): what sets one is passed on. */
import { locate } from "./addresses.js";
import { BOOT, findTab } from "./tabs.js";

/** @typedef {import("../frame/cookies.js").Cookie} Cookie */
/** @typedef {import("./addresses.js").Place} Place */

const serviceWorker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const PATIENCE = 200; // ms for a page to say that it has heard: it may be busy
/** What the pages of each visitor know. @type {Map<string, string>} */
const known = new Map();
/** How many cookies each page has set. @type {Map<string, number>} */
const counts = new Map();

/**
 * An answer sets cookies: tell the pages before it gets to them, if it makes a difference to their scripts.
 * @param {Place} place
 * @param {Cookie[]} cookies  all that there are now
 */
export async function tellCookies(place, cookies) {
  const news = JSON.stringify(cookies);
  if (known.get(visitor(place)) === news) return;
  known.set(visitor(place), news);
  await tellPages(place, { kind: "cookies", cookies: JSON.parse(news) }); // with null for Python's None
}

/**
 * A script sets one; heard of twice.
 * @param {Place} place
 * @param {string} client
 */
export async function setCookie(place, client) {
  const [life, count, ...cookie] = JSON.parse(decodeURIComponent(place.cookie ?? ""));
  if (count > (counts.get(life) ?? 0)) {
    counts.set(life, count);
    await pass(place, client, /** @type {Cookie} */ (cookie));
  }
  return new Response(null, { status: 204 });
}

/**
 * @param {Place} place
 * @param {string} client
 * @param {Cookie} cookie
 */
async function pass(place, client, cookie) {
  const tab = await findTab(place.tab);
  const { server, jar } = place;
  const [path, name, value, expires] = cookie;
  const said = [path, name, value, expires ?? undefined]; // which is Python's None, as null is not
  tab?.port.postMessage({ kind: "cookie", id: `${BOOT} ${client}`, server, jar, cookie: said });
  known.delete(visitor(place));
  await tellPages(place, { kind: "cookie", cookie }, client);
}

/** @param {Place} place */
function visitor({ tab, server, jar }) {
  return `${tab} ${server} ${jar}`;
}

/**
 * @param {Place} place
 * @param {object} message
 * @param {string} [but]  a page that knows
 */
async function tellPages(place, message, but) {
  const pages = await serviceWorker.clients.matchAll({ type: "window" });
  const concerned = pages.filter(({ id, url }) => {
    const there = id === but ? undefined : locate(url);
    return there && visitor(there) === visitor(place);
  });
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  await Promise.race([patience, Promise.all(concerned.map((page) => heard(page, message)))]);
}

/**
 * @param {Client} page
 * @param {object} message
 */
function heard(page, message) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    page.postMessage(message, [port2]);
  });
}
