/**
 * Answers what an example's page asks for, from the Python server in the tab's worker, and gives the site's own files, also
 * without a network. All else on the origin is not ours: such a request goes on as if this script were not there.
 *
 * This script keeps nothing that it cannot ask for again: a browser stops it when it likes, and the tab tells it anew where
 * its worker is (`tab`).
 *
 * From the tab: `tab` (tab, cables by server, with a port to its worker), `cable` (tab, server, cable or null, why),
 * `gone` (tab, why), `keep` (urls), `ping`, `drawn` (tab, count). To the tab: `heard` (call: of each message but `tab` and
 * `drawn`, after all that it brought about), `tab?` (tab), `wire` (entries: server and message each; count of all entries so far),
 * `answered` (server: the preset answer is used up). From an example's page: `frame` (tab, socket, opcode, body: what its
 * WebSocket says), `cookie` (address: what its script sets). To it: `cookies`, `cookie` (all that there are; one). With Python's worker: see bridge/messages.py.
 */
import { addressOf, locate, SITE, within } from "./addresses.js";
import { setCookie } from "./cookies.js";
import { exchange } from "./exchange.js";
import { assetOf, forgetOldFiles, keep, leaveIfGoneMeanwhile, nameOf, siteFile } from "./files.js";
import { addTab, changeCable, removeTab, tabs } from "./tabs.js";
import { hearFrame } from "./web-sockets.js";

/** @typedef {import("./addresses.js").Place} Place */

const serviceWorker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** The pages and workers that this life of the script has answered as an example's, by their clients' ids. @type {Map<string, Place>} */
const homes = new Map();
/** The other pages that it has seen come. What they ask of other origins is their own affair. @type {Set<string>} */
const others = new Set();

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
  if (kind === "frame") {
    hearFrame(message);
    return;
  }
  if (kind === "cookie") {
    const place = locate(message.address);
    if (place) event.waitUntil(setCookie(place, client.id));
    return;
  }
  if (kind === "drawn") {
    tabs.get(message.tab)?.account.drawn(message.count);
    return;
  }
  if (kind === "cable") changeCable(message.tab, message.server, message.cable, message.why);
  else if (kind === "gone") forget(message.tab, message.why);
  else if (kind === "keep") event.waitUntil(keep(message.urls));
  tabs.get(message.tab)?.account.send();
  client.postMessage({ kind: "heard", call: message.call });
});

serviceWorker.addEventListener("fetch", (event) => {
  const { request, clientId, resultingClientId } = event;
  const place = locate(request.url);
  const home = homes.get(clientId) ?? locate(request.referrer);
  if (home && clientId) homes.set(clientId, home); // Firefox tells other origins less of a referrer
  if (resultingClientId) remember(resultingClientId, place);
  const answer = place
    ? answerPlace(place, request, clientId)
    : home
      ? answerExample(home, request, clientId)
      : isForeign(request) && clientId && !others.has(clientId)
        ? answerUnknown(request, clientId)
        : answerSite(request);
  if (answer) event.respondWith(answer);
  if (request.mode === "navigate") event.waitUntil(leaveIfGoneMeanwhile());
});

/**
 * @param {string} client  a page or a worker that comes
 * @param {Place} [place]
 */
function remember(client, place) {
  others.delete(client); // it may have been led to an example
  if (place) homes.set(client, place);
  else others.add(client);
}

/**
 * @param {Place} place
 * @param {Request} request
 * @param {string} client  who asks
 */
function answerPlace(place, request, client) {
  return place.cookie ? setCookie(place, client) : exchange(place, request, client);
}

/**
 * What an example's page asks for elsewhere than below its own address.
 * @param {Place} home
 * @param {Request} request
 * @param {string} client
 * @returns {Promise<Response> | undefined}
 */
function answerExample(home, request, client) {
  const url = new URL(request.url);
  if (url.origin !== location.origin) return asset(url);
  if (url.href.startsWith(`${SITE}live/`)) return answerSite(request);
  const there = within(home, url); // an absolute path is the example's
  return request.mode === "navigate"
    ? Promise.resolve(Response.redirect(addressOf(there), 307))
    : exchange(there, request, client);
}

/** @param {Request} request */
function isForeign({ url }) {
  return new URL(url).origin !== location.origin;
}

/**
 * What is asked of another origin by nobody whom this script has seen come: it may be an example's `srcdoc` frame, of which
 * Firefox tells no more than the origin as its referrer.
 * @param {Request} request
 * @param {string} client
 */
async function answerUnknown(request, client) {
  const asking = await serviceWorker.clients.get(client);
  if (asking && !/^https?:/.test(asking.url)) {
    const pages = await serviceWorker.clients.matchAll({ type: "window" });
    if (pages.some(({ url }) => locate(url))) return asset(new URL(request.url));
  }
  others.add(client);
  return fetch(request);
}

/**
 * A CDN's file, from our own copy. There are no others: an example's page gets nothing from other origins.
 * @param {URL} url
 */
async function asset(url) {
  const name = assetOf(url);
  if (name) return siteFile(name, new Request(SITE + name));
  return new Response(`${url} is not among the files that this page has.`, { status: 404, statusText: "Not Found" });
}

/**
 * What a page of the site asks for, or any other of the origin.
 * @param {Request} request
 * @returns {Promise<Response> | undefined}  undefined if it is none of ours
 */
function answerSite(request) {
  const name = request.method === "GET" ? nameOf(request.url) : undefined;
  if (!name || name.endsWith(".packed")) return undefined; // those the page keeps itself, for Python's worker
  return siteFile(name, request);
}

/**
 * A tab has gone.
 * @param {string} tab
 * @param {string} why
 */
function forget(tab, why) {
  removeTab(tab, why);
  for (const [client, { tab: its }] of homes) if (its === tab) homes.delete(client);
}
