/** Cookies as scripts set and see them (RFC 6265, 5.2 to 5.4), of one server and one visitor. */

/**
 * The path below which it is sent, its name, its value, and when it is over, in seconds since 1970. The value is null where it
 * is kept from scripts, the time where the cookie stays as long as the visitor.
 * @typedef {[path: string, name: string, value: string | null, expires: number | null]} Cookie
 */

const LONGEST = 4096;

export class Cookies {
  /** @param {Cookie[]} all */
  constructor(all) {
    this.all = all;
  }

  /**
   * What a page at `path` is shown of them.
   * @param {string} path
   * @param {number} now
   */
  shown(path, now) {
    return this.all
      .filter(([below, , value, expires]) => value !== null && !isOver(expires, now) && isBelow(path, below))
      .sort(([one], [other]) => other.length - one.length)
      .map(([, name, value]) => (name ? `${name}=${value}` : value))
      .join("; ");
  }

  /**
   * Take one that a script sets, instead of that with the same path and name if there is one.
   * @param {Cookie} cookie
   * @param {number} now
   * @returns {boolean}  false if that one is kept from scripts
   */
  put(cookie, now) {
    const [path, name, , expires] = cookie;
    const index = this.all.findIndex((each) => each[0] === path && each[1] === name);
    if (this.all[index]?.[2] === null) return false;
    if (isOver(expires, now)) this.all = this.all.filter((_, each) => each !== index);
    else if (index < 0) this.all.push(cookie);
    else this.all[index] = cookie;
    return true;
  }
}

/**
 * What a script gives to `document.cookie`.
 * @param {string} text
 * @param {string} host
 * @param {string} path  of its page
 * @param {number} now
 * @returns {Cookie | null}  null if it is none, or not for a script of that page to set
 */
export function parsed(text, host, path, now) {
  const [pair, ...rest] = text.split(";");
  const [name, value] = divided(pair.includes("=") ? pair : `=${pair}`);
  const attributes = new Map(rest.map((each) => divided(each)).map(([key, given]) => [key.toLowerCase(), given]));
  // eslint-disable-next-line no-control-regex
  const isNone = (!name && !value) || name.length + value.length > LONGEST || /[\0-\x08\x0a-\x1f\x7f]/.test(text);
  if (isNone || attributes.has("httponly") || !isFor(host, attributes.get("domain") ?? "")) return null;
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const given = attributes.get("path") ?? "";
  return [given.startsWith("/") ? given : folder, name, value, over(attributes, now)];
}

/** @param {string} text */
function divided(text) {
  const [first] = text.split("=", 1);
  return [first.trim(), text.slice(first.length + 1).trim()];
}

/**
 * @param {Map<string, string>} attributes
 * @param {number} now
 */
function over(attributes, now) {
  const age = attributes.get("max-age") ?? "";
  if (/^-?\d+$/.test(age)) return now + Number(age);
  const date = Date.parse(attributes.get("expires") ?? "");
  return Number.isNaN(date) ? null : date / 1000;
}

/**
 * @param {number | null} expires
 * @param {number} now
 */
function isOver(expires, now) {
  return expires !== null && expires <= now;
}

/**
 * A cookie is for its own host, or for the domain above it.
 * @param {string} host
 * @param {string} given
 */
function isFor(host, given) {
  const domain = given.toLowerCase().replace(/^\./, "");
  return !domain || host === domain || (host.endsWith(`.${domain}`) && domain.includes(".") && !/^[\d.]+$/.test(host));
}

/**
 * @param {string} path
 * @param {string} folder
 */
function isBelow(path, folder) {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
