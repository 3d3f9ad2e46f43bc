/**
 * What the site keeps in the browser's cache, for its pages and its service worker alike. Every page of the origin can write
 * there, so nothing comes out but bytes with the digest that they are to have.
 */

/**
 * The cache's name: each site of an origin has its own.
 * @param {string} site  the address of the site's root
 */
export function cacheName(site) {
  return `streamside ${new URL(site).pathname}`;
}

/**
 * The cache, unless the browser has none for us (a private window, no room).
 * @param {string} site
 */
export function openCache(site) {
  return caches.open(cacheName(site)).catch(() => undefined);
}

/**
 * The bytes kept under an address. What has another digest is removed.
 * @param {Cache | undefined} cache
 * @param {string} url
 * @param {string} digest
 * @returns {Promise<ArrayBuffer | undefined>}
 */
export async function take(cache, url, digest) {
  const kept = await cache?.match(url);
  const bytes = await kept?.arrayBuffer().catch(() => undefined);
  if (bytes && (await digestOf(bytes)) === digest) return bytes;
  if (kept) await cache?.delete(url);
  return undefined;
}

/**
 * SHA-256, in hexadecimal digits.
 * @param {ArrayBuffer} bytes
 */
export async function digestOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
