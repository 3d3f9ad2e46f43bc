/** The App pane of a recording: the example's page, with what arrived swapped in as htmx would, and no script running. */

import { watchFrame } from "./app-frame.js";
import { element } from "./dom.js";

/** @typedef {import('./wire-view.js').WireMessage} WireMessage */

/** A page with more is not kept when it is stopped: to copy it takes longer than a reader waits. */
const MOST = { elements: 20_000, characters: 1_000_000 };

const ASSETS = new URL("../assets/", import.meta.url).href; // our copies of a CDN's files, named as the CDN names them

// A few rules that look like the examples' own stylesheet, which is larger than a lesson may be before it is started.
const STYLE = `:root { color-scheme: light dark; color: light-dark(#373c44, #c2c7d0); background: light-dark(#fff, #13171f);
  font: 100%/1.5 system-ui, sans-serif; }
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
body { margin: 0; padding: 1rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.15; color: light-dark(#2d3138, #e0e3e7); }
p, ol, ul, form, table { margin: 0 0 1rem; }
label, input, select, textarea { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, select, textarea { margin: .25rem 0 1rem; padding: .6rem .9rem; border: 1px solid light-dark(#cfd5e2, #2a3140);
  border-radius: .25rem; background: light-dark(#fbfcfc, #1c212c); color: inherit; }
button { font: inherit; padding: .6rem 1rem; border: 0; border-radius: .25rem; background: #016fb9; color: #fff; }
code, pre { font-family: ui-monospace, monospace; }
.recorded-events b { color: light-dark(#646b79, #8891a4); font-weight: 400; }`;

export class RecordedApp {
  /** @type {Map<number, string>} the path of each event source */
  #sources = new Map();
  /** @type {Map<number, {path: string, text: string}>} pages and fragments on their way, by connection */
  #answers = new Map();

  /**
   * Nothing in the frame can run, be sent or lead away: it has no scripts, no forms and no windows to open.
   * @param {string} html  the body of the page, without scripts
   * @param {string} title
   * @param {string} path  the page's own
   * @param {string} style  CSS
   */
  constructor(html, title, path, style = STYLE) {
    this.frame = element("iframe", {
      title,
      sandbox: "allow-same-origin",
      srcdoc:
        `<!doctype html><html lang="en"><meta charset="utf-8"><base target="_blank"><title></title>` +
        `<style>${style}</style><body>${html}</body></html>`,
    });
    watchFrame(this.frame);
    this.ready = new Promise((resolve) => this.frame.addEventListener("load", resolve, { once: true }));
    this.html = html;
    this.base = new URL(path, "http://example/");
  }

  /**
   * What a running page shows at this moment, with nothing left in it that runs.
   * @param {HTMLIFrameElement} frame
   * @param {string} path
   */
  static still(frame, path) {
    const page = frame.contentDocument;
    if (!page?.body) return new RecordedApp("", frame.title, path);
    if (
      page.getElementsByTagName("*").length > MOST.elements ||
      (page.body.textContent ?? "").length > MOST.characters
    ) {
      return new RecordedApp("<p>The app’s page has grown too large to be kept.</p>", frame.title, path);
    }
    const isImport = (/** @type {string} */ text) => Number(text.startsWith("@import"));
    const styles = [...page.styleSheets].map(textOf).sort((one, other) => isImport(other) - isImport(one));
    const body = /** @type {HTMLElement} */ (page.body.cloneNode(true));
    for (const script of body.querySelectorAll("script")) script.remove();
    return new RecordedApp(body.innerHTML, frame.title, path, styles.join("\n"));
  }

  get #document() {
    return /** @type {Document} */ (this.frame.contentDocument);
  }

  /** Show the page as it first was. Call it, and `draw`, when `ready`. */
  clear() {
    this.#document.body.innerHTML = this.html;
    this.#document.documentElement.scrollTop = 0;
    this.#sources.clear();
    this.#answers.clear();
  }

  /** @param {WireMessage} message */
  draw(message) {
    if (message.kind === "source") {
      this.#sources.set(message.source, message.url);
      if (message.what === "event") this.#event(message.source, message.type ?? "", message.data ?? "");
    } else if (message.kind === "request") {
      this.#answers.set(message.connection, { path: message.path, text: "" });
    } else if (message.kind === "response" && !isHtml(message.headers)) {
      this.#answers.delete(message.connection);
    } else if (message.kind === "chunk") {
      const answer = this.#answers.get(message.connection);
      if (answer) answer.text += message.text;
    } else if (message.kind === "end") {
      this.#answer(message.connection);
    }
  }

  /**
   * @param {number} source
   * @param {string} type
   * @param {string} data
   */
  #event(source, type, data) {
    const places = [...this.#document.querySelectorAll("[sse-swap]")];
    if (!places.length) return this.#list(type, data);
    for (const place of places) {
      const types = place
        .getAttribute("sse-swap")
        ?.split(",")
        .map((name) => name.trim());
      const url = place.closest("[sse-connect]")?.getAttribute("sse-connect");
      if (types?.includes(type) && this.#same(url, this.#sources.get(source))) this.#swap(place, data);
    }
  }

  /**
   * A page whose own script does something with the events: they are listed instead.
   * @param {string} type
   * @param {string} data
   */
  #list(type, data) {
    let list = this.#document.querySelector(".recorded-events");
    if (!list) {
      list = element("ul", { class: "recorded-events" });
      (this.#document.querySelector("main") ?? this.#document.body).append(list);
    }
    list.append(element("li", {}, element("b", {}, `${type} `), data));
    this.#document.documentElement.scrollTop = this.#document.documentElement.scrollHeight;
  }

  /**
   * A fragment that an element of the page asked for has come.
   * @param {number} connection
   */
  #answer(connection) {
    const answer = this.#answers.get(connection);
    this.#answers.delete(connection);
    if (!answer) return;
    for (const asker of this.#document.querySelectorAll("[hx-get], [hx-post], [hx-put], [hx-delete]")) {
      const url = ["hx-get", "hx-post", "hx-put", "hx-delete"].map((name) => asker.getAttribute(name)).find(Boolean);
      if (this.#same(url, answer.path)) this.#swap(asker, fragment(answer.text));
    }
  }

  /**
   * @param {Element} place  the element that bears the attributes, or inherits them
   * @param {string} html
   */
  #swap(place, html) {
    const target = this.#target(place);
    const [how = "innerHTML", ...rest] = (nearest(place, "hx-swap")?.value || "innerHTML").split(/\s+/);
    if (!target || how === "none") return;
    if (how === "delete") target.remove();
    else if (how === "outerHTML") target.outerHTML = html;
    else if (/^(before|after)/.test(how)) target.insertAdjacentHTML(/** @type {InsertPosition} */ (how), html);
    else target.innerHTML = html;
    // Not scrollIntoView: that would move the lesson, too.
    if (rest.includes("show:bottom")) this.#document.documentElement.scrollTop = target.scrollHeight;
  }

  /**
   * @param {string | null | undefined} url  as the page has it
   * @param {string | undefined} path  as it was asked for
   */
  #same(url, path) {
    const plain = (/** @type {string} */ text) => new URL(text, this.base).pathname;
    return typeof url === "string" && path !== undefined && plain(url) === plain(path);
  }

  /** @param {Element} place */
  #target(place) {
    const { owner, value } = nearest(place, "hx-target") ?? { owner: place, value: "this" };
    const [, relation, selector] = /^(closest|find)\s+(.*)$/.exec(value) ?? [null, "", value];
    if (selector === "this") return owner;
    if (relation === "closest") return place.closest(selector);
    return (relation === "find" ? place : this.#document).querySelector(selector);
  }
}

/**
 * htmx's attributes are inherited.
 * @param {Element} place
 * @param {string} name
 */
function nearest(place, name) {
  const owner = place.closest(`[${name}]`);
  return owner && { owner, value: owner.getAttribute(name) ?? "" };
}

/**
 * Of a whole page, what htmx swaps in: the inside of its body.
 * @param {string} html
 */
function fragment(html) {
  if (!/<html/i.test(html)) return html;
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const script of body.querySelectorAll("script")) script.remove();
  return body.innerHTML;
}

/** @param {[string, string][]} headers */
function isHtml(headers) {
  return headers.some(([name, value]) => name === "content-type" && value.startsWith("text/html"));
}

/**
 * The rules of a style sheet. Firefox does not let us read one that has a CDN's address: then a line that imports our copy.
 * @param {CSSStyleSheet} sheet
 */
function textOf(sheet) {
  try {
    return Array.from(sheet.cssRules, (rule) => rule.cssText).join("\n");
  } catch {
    return `@import url("${ASSETS}${sheet.href?.replace(/^.*\/npm\//, "")}");`;
  }
}
