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
 * @param {string} type  the page's content-type
 * @param {import("../frame/cookies.js").Cookie[]} cookies
 */
export function withProbe(bytes, type, cookies) {
  const { encoding, mark } = encodingOf(bytes, type);
  const unit = encoding === "latin1" ? 1 : 2; // bytes of a character that is in ASCII
  const text = new TextDecoder(encoding).decode(bytes.subarray(mark, mark + 1024 * unit));
  const head = /^\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?\s*(<head[^>]*>)?/i.exec(text)?.[0].length ?? 0;
  const known = encodeURIComponent(JSON.stringify(cookies));
  const script = `<script src="${SITE}live/frame/probe.js" data-cookies="${known}"></script>`;
  const at = mark + head * unit;
  const whole = new Uint8Array(bytes.length + script.length * unit);
  whole.set(bytes.subarray(0, at));
  for (let index = 0; index < script.length; index++) {
    whole[at + index * unit + (encoding === "utf-16be" ? 1 : 0)] = script.charCodeAt(index);
  }
  whole.set(bytes.subarray(at), at + script.length * unit);
  return whole;
}

/**
 * What makes text of an answer's bytes.
 * @param {Uint8Array} bytes  its first ones
 * @param {string} type  its content-type
 */
export function decoderOf(bytes, type) {
  const { encoding } = encodingOf(bytes, type);
  const [, given = "utf-8"] = /charset\s*=\s*"?([\w-]+)/i.exec(type) ?? [];
  try {
    return new TextDecoder(encoding === "latin1" ? given : encoding);
  } catch {
    return new TextDecoder(); // there is no such encoding
  }
}

/**
 * How a page is written, as far as that matters here, by the byte order mark or else by its header, and the mark's length.
 * @param {Uint8Array} bytes
 * @param {string} type
 * @returns {{encoding: "latin1" | "utf-16be" | "utf-16le", mark: number}}  latin1: any in which ASCII is one byte each
 */
function encodingOf([first, second, third], type) {
  if (first === 0xef && second === 0xbb && third === 0xbf) return { encoding: "latin1", mark: 3 };
  if (first === 0xfe && second === 0xff) return { encoding: "utf-16be", mark: 2 };
  if (first === 0xff && second === 0xfe) return { encoding: "utf-16le", mark: 2 };
  const [, utf16 = "", be = ""] = /charset\s*=\s*"?(utf-16)(be)?/i.exec(type) ?? [];
  return { encoding: be ? "utf-16be" : utf16 ? "utf-16le" : "latin1", mark: 0 };
}
