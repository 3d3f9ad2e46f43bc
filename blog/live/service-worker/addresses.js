/** Addresses: `…/live/TAB/SERVER/PATH` is PATH of one server of one open tab. */

/** @typedef {{tab: string, server: string, path: string, query: string, source: string | null}} Place */

/** The address of the site's root, where this script is. */
export const SITE = new URL("./", location.href).href;
const LIVE = new RegExp(
  `^${SITE.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}live/(tab-[0-9a-f]+)/(\\w+-\\d+)(/[^?#]*)(\\?[^#]*)?`,
);
const SOURCE = /[?&]streamside-source=([\w-]+)$/; // added by probe.js, taken off here

/**
 * What an address stands for, if it is an example's.
 * @param {string} url
 * @returns {Place | undefined}
 */
export function locate(url) {
  const found = LIVE.exec(url);
  if (!found) return undefined;
  const [, tab, server, path, search = ""] = found;
  return { tab, server, path, ...withoutSource(search) };
}

/**
 * An absolute path that an example's page asks for belongs to the example.
 * @param {Place} home
 * @param {URL} url
 * @returns {Place}
 */
export function within(home, url) {
  return { ...home, path: url.pathname, ...withoutSource(url.search) };
}

/** @param {string} search */
function withoutSource(search) {
  const source = SOURCE.exec(search);
  const query = (source ? search.slice(0, source.index) : search).replace(/^\?/, "");
  return { query, source: source && source[1] };
}

/** @param {Place} place */
export function addressOf({ tab, server, path, query }) {
  return `${SITE}live/${tab}/${server}${pathAndQuery({ path, query })}`;
}

/** @param {Pick<Place, "path" | "query">} place */
export function pathAndQuery({ path, query }) {
  return query ? `${path}?${query}` : path;
}
