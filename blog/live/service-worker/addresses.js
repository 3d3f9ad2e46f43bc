/**
 * Addresses: `…/live/TAB/SERVER/PATH` is PATH of one server of one open tab, as its first reader has it; another one has
 * `…/live/TAB/SERVER~READER~JAR/PATH`, where the jar with the cookies may be the first one's.
 */

/**
 * Who asks, if that is known: an event source or a WebSocket, by the name that it has given itself; or a cookie that is set.
 * @typedef {{source: string | null, socket: string | null, cookie: string | null}} Asker
 * @typedef {{tab: string, server: string, reader: number, jar: number, path: string, query: string} & Asker} Place
 */

/** The address of the site's root, where this script is. */
export const SITE = new URL("./", location.href).href;
const LIVE = new RegExp(
  `^${SITE.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}live/(tab-[0-9a-f]+)/(\\w+-\\d+)(?:~(\\d)~(\\d))?(/[^?#]*)(\\?[^#]*)?`,
);
const ASKER = /[?&]streamside-(source|socket|cookie)=([^&]+)$/; // added in the frame, taken off here

/**
 * What an address stands for, if it is an example's.
 * @param {string} url
 * @returns {Place | undefined}
 */
export function locate(url) {
  const found = LIVE.exec(url);
  if (!found) return undefined;
  const [, tab, server, reader = "1", jar = "1", path, search = ""] = found;
  return { tab, server, reader: Number(reader), jar: Number(jar), path, ...withoutAsker(search) };
}

/**
 * An absolute path that an example's page asks for belongs to the example.
 * @param {Place} home
 * @param {URL} url
 * @returns {Place}
 */
export function within(home, url) {
  return { ...home, path: url.pathname, ...withoutAsker(url.search) };
}

/** @param {string} search */
function withoutAsker(search) {
  const asker = ASKER.exec(search);
  const query = (asker ? search.slice(0, asker.index) : search).replace(/^\?/, "");
  const [, kind, name] = asker ?? [];
  return { query, source: null, socket: null, cookie: null, ...(kind && { [kind]: name }) };
}

/** @param {Place} place */
export function addressOf({ tab, server, reader, jar, path, query }) {
  const other = reader > 1 ? `~${reader}~${jar}` : "";
  return `${SITE}live/${tab}/${server}${other}${pathAndQuery({ path, query })}`;
}

/** @param {Pick<Place, "path" | "query">} place */
export function pathAndQuery({ path, query }) {
  return query ? `${path}?${query}` : path;
}
