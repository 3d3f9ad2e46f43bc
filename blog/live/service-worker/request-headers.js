/** What a request says to its server: browsers add a good part of it only after a service worker has seen the request. */
import { locate, pathAndQuery } from "./addresses.js";

/** The header by which a fetch of an example's page names itself: added in the frame, taken off here. */
export const FETCH = "streamside-fetch";

const { language, languages = [language], userAgent } = navigator;

/**
 * @param {Request} request
 * @returns {[string, string][]}
 */
export function headersOf(request) {
  const known = [...request.headers].filter(([name]) => name !== FETCH);
  const names = new Set(known.map(([name]) => name));
  return [["host", location.host], ...known, ...added(request).filter(([name]) => !names.has(name))];
}

/**
 * As the standards have it (Fetch, "HTTP-network-or-cache fetch"; Fetch Metadata).
 * @param {Request} request
 * @returns {[string, string][]}
 */
function added({ cache, destination, method, mode, referrer }) {
  const isUncached = cache === "no-store" || cache === "reload";
  const page = locate(referrer);
  /** @type {Record<string, string | false | undefined>} */
  const headers = {
    "accept-language": languages.map((each, index) => (index ? `${each};q=${rank(index)}` : each)).join(","),
    "cache-control": (isUncached && "no-cache") || (cache === "no-cache" && "max-age=0"),
    origin: method !== "GET" && method !== "HEAD" && location.origin,
    pragma: isUncached && "no-cache",
    referer: page && `${location.origin}${pathAndQuery(page)}`,
    "sec-fetch-dest": destination || "empty",
    "sec-fetch-mode": mode,
    "sec-fetch-site": "same-origin",
    "user-agent": userAgent,
  };
  return /** @type {[string, string][]} */ (Object.entries(headers).filter(([, value]) => value));
}

/** @param {number} index  of a language: the further back, the less it is wanted */
function rank(index) {
  return Math.max(1, 10 - index) / 10;
}
