/** The site's own files: those that this deployment has, each with its digest (`deployment`, see site/deployment.py). */
/* global deployment */
import { cacheName, digestOf, openCache, take } from "../shared/kept-files.js";
import { SITE } from "./addresses.js";

const ASSETS = "live/assets/"; // below it, a CDN's files as the CDN names them
const serviceWorker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** Of a kept file only the bytes are certain: what it is, its name says. @type {Record<string, string>} */
const TYPES = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  xml: "application/xml",
};

/** Whether the host has another deployment than this script knows, or changes what it sends. */
let isBehind = false;
let hasLooked = false;
/** Whether the site is not there any more. */
let isGone = false;

/**
 * Under which name an address is a file of this deployment.
 * @param {string} address
 * @returns {string | undefined}
 */
export function nameOf(address) {
  if (!URL.canParse(address)) return undefined;
  const { href, hash, search } = new URL(address);
  if (isGone || search || !href.startsWith(SITE)) return undefined;
  const name = decoded(href.slice(SITE.length, href.length - hash.length)).replace(/(^|\/)$/, "$1index.html");
  return Object.hasOwn(deployment, name) ? name : undefined;
}

/** @param {string} path */
function decoded(path) {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/**
 * Under which name a CDN's file is one of ours.
 * @param {URL} url
 * @returns {string | undefined}
 */
export function assetOf({ pathname }) {
  return Object.keys(deployment).find(
    (name) => name.startsWith(ASSETS) && pathname.endsWith(name.slice(ASSETS.length - 1)),
  );
}
/**
 * A file of the site: one that never changes from the cache, any other from the network while there is one.
 * @param {string} name
 * @param {Request} request
 * @returns {Promise<Response>}
 */
export async function siteFile(name, request) {
  const cache = await openCache(SITE);
  const kept = () => take(cache, SITE + name, deployment[name]);
  const lasting = isLasting(name) && (await kept());
  if (lasting) return made(name, lasting);
  try {
    return await fetched(name, request, cache);
  } catch (error) {
    const old = await kept();
    if (old) return made(name, old);
    throw error;
  }
}

/**
 * From the network, and into the cache if it is what this deployment has. If it is not, an HTTP cache may have held an old one;
 * if it still is not, the host knows better than this script. A page is not held up by this: it may be another project's.
 * @param {string} name
 * @param {Request} request
 * @param {Cache | undefined} cache
 */
async function fetched(name, request, cache) {
  if (request.mode === "navigate") {
    const page = await fetch(request);
    void store(name, page, cache).then((stored) => stored || fallBehind(page));
    return page;
  }
  const response = await (isBehind ? anew(request) : fetch(request));
  if (await store(name, response, cache)) return response;
  if (response.status !== 200 || isBehind) {
    fallBehind(response);
    return response;
  }
  const fresh = await anew(request);
  if (!(await store(name, fresh, cache))) fallBehind(fresh);
  return fresh;
}

/** @param {Request} request */
function anew({ url, headers, redirect }) {
  return fetch(url, { cache: "no-cache", headers, redirect });
}

/** @param {Response} response  what the host has instead of a file of this deployment */
function fallBehind({ status }) {
  if (isBehind || ![200, 404, 410].includes(status)) return;
  isBehind = true;
  serviceWorker.registration.update().catch(() => {}); // there may be a newer script
  void leaveIfGone();
}

/**
 * @param {string} name
 * @param {Response} response
 * @param {Cache | undefined} cache
 * @returns {Promise<boolean>}  whether it is the file of this deployment
 */
async function store(name, response, cache) {
  if (response.status !== 200) return false;
  const bytes = await response
    .clone()
    .arrayBuffer()
    .catch(() => undefined);
  if (!bytes || (await digestOf(bytes)) !== deployment[name]) return false;
  cache?.put(SITE + name, made(name, bytes)).catch(() => {}); // no room: do without
  return true;
}

/**
 * @param {string} name
 * @param {ArrayBuffer} bytes
 */
function made(name, bytes) {
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain; charset=utf-8";
  const headers = new Headers({ "content-type": type });
  if (isLasting(name)) headers.set("cache-control", "max-age=31536000"); // the frames of a page share it, and ask once
  return new Response(bytes, { headers });
}

/** @param {string} name */
function isLasting(name) {
  return name.startsWith("live/files/") || name.startsWith(ASSETS);
}

/**
 * Keep what a page was made of, and what every example needs, so that the next visit needs no network.
 * @param {string[]} addresses
 */
export async function keep(addresses) {
  const cache = await openCache(SITE);
  const shared = Object.keys(deployment).filter((name) => /^(live(?!\/files)|theme)\//.test(name));
  const names = new Set([...addresses.map(nameOf), ...shared]);
  await Promise.allSettled(
    [...names].map(async (name) => {
      if (!name || (await take(cache, SITE + name, deployment[name]))) return;
      await fetched(name, new Request(SITE + name), cache);
    }),
  );
}

/** Remove the files that this deployment does not have, or has otherwise. */
export async function forgetOldFiles() {
  const cache = await openCache(SITE);
  for (const request of (await cache?.keys()) ?? []) {
    const name = nameOf(request.url);
    if (!name) await cache?.delete(request);
    else if (!isLasting(name)) await take(cache, request.url, deployment[name]);
  }
}

/** As `leaveIfGone`, once in this script's life. */
export async function leaveIfGoneMeanwhile() {
  if (hasLooked) return;
  hasLooked = true;
  await leaveIfGone();
}

/**
 * If there is no such site here any more, remove what it has left behind: its files, and this script. That the host cannot be
 * reached, or has trouble, says nothing.
 */
async function leaveIfGone() {
  const { status, redirected, headers } = await fetch(`${SITE}live/bundle.js`, { cache: "no-store" }).catch(() =>
    Response.error(),
  );
  const isScript = /javascript/.test(headers.get("content-type") ?? ""); // some hosts have a page for every address
  if (status !== 404 && status !== 410 && (status !== 200 || redirected || isScript)) return;
  isGone = true;
  await caches.delete(cacheName(SITE));
  await serviceWorker.registration.unregister();
}
