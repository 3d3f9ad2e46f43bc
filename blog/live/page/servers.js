/** The servers of this page. */

/** @typedef {import("./running.js").Running} Running */

/** What this page is called in the addresses of its servers, and by the service worker. */
export const TAB = `tab-${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
/** Those that run, by name. @type {Map<string, Running>} */
export const servers = new Map();
/** Those that are being stopped, until they are. @type {Set<Promise<void>>} */
export const stops = new Set();
