/** What becomes of an application's answer on its way to the page: its addresses are mapped, and its pages get the probe. */
import { SITE, addressOf, locate, within } from "./addresses.js";

/** @typedef {import("./addresses.js").Place} Place */

const MAPPED = ["location", "hx-redirect", "hx-location", "hx-push-url", "hx-replace-url"];
const MAKES_A_CLIENT = ["document", "frame", "iframe", "worker", "sharedworker"];

/**
 * @param {[string, string][]} headers
 * @param {Place} place
 * @param {Request} request
 */
export function headersOf(headers, place, request) {
  const shown = new Headers();
  for (const [name, value] of headers) {
    if (name !== "content-length")
      shown.append(name, MAPPED.includes(name) ? mapped(value, place, request.url) : value);
  }
  // By its referrer a request is known to be the example's, also after this script was stopped and started again.
  if (MAKES_A_CLIENT.includes(request.destination) && !shown.has("referrer-policy"))
    shown.set("referrer-policy", "unsafe-url");
  return shown;
}

/**
 * Absolute paths in an example's headers are below its own address.
 * @param {string} target
 * @param {Place} place
 * @param {string} here
 */
function mapped(target, place, here) {
  if (!/^(\/|https?:)/.test(target)) return target;
  const url = new URL(target, here);
  if (url.origin !== location.origin || locate(url.href)) return url.href;
  return addressOf(within(place, url)) + url.hash;
}

/**
 * A page's first bytes with a script before all others: what its event sources do is shown beside the wire.
 * @param {Uint8Array} bytes
 */
export function withProbe(bytes) {
  if (bytes[0] >= 0xfe && bytes[1] >= 0xfe) return bytes; // UTF-16: these bytes would not be a script in there
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  const head = /^\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?\s*(<head[^>]*>)?/i.exec(text)?.[0].length ?? 0;
  const script = new TextEncoder().encode(`<script src="${SITE}live/frame/probe.js"></script>`);
  const whole = new Uint8Array(bytes.length + script.length);
  whole.set(bytes.subarray(0, head));
  whole.set(script, head);
  whole.set(bytes.subarray(head), head + script.length);
  return whole;
}
