/** What the page of an example will ask for: from the cache, once the program has been looked through for it. */

const SITE = new URL("../../", import.meta.url).href;
const ASSET = /(?:@[\w.-]+\/)?[\w.-]+@\d[\w.-]*\/[\w./-]+\.(?:js|css)/g; // as in streamside/site/bundle.py
/** @type {Set<string>} */
const fetched = new Set();

/**
 * Fetch the CDN's files that a program names, and the probe, once each; that one is not to be had is no matter.
 * @param {Record<string, string>} files
 */
export async function fetchAssets(files) {
  const assets = Array.from(Object.values(files).join("\n").matchAll(ASSET), ([name]) => `live/assets/${name}`);
  const fetches = ["live/frame/probe.js", ...assets].map(async (name) => {
    if (fetched.has(name)) return;
    fetched.add(name);
    await (await fetch(SITE + name, { priority: "low" })).arrayBuffer();
  });
  await Promise.allSettled(fetches);
}
