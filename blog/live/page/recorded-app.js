/** The App pane while nothing runs: the example's page as it came, or as it was last, with no script in it. */

import { watchFrame } from "./app-frame.js";
import { element } from "./dom.js";

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
code, pre { font-family: ui-monospace, monospace; }`;

export class RecordedApp {
  /**
   * Nothing in the frame can run, be sent or lead away: it has no scripts, no forms and no windows to open.
   * @param {string} html  the body of the page, without scripts
   * @param {string} title
   * @param {string} style  CSS
   */
  constructor(html, title, style = STYLE) {
    this.frame = element("iframe", {
      title,
      sandbox: "allow-same-origin",
      srcdoc:
        `<!doctype html><html lang="en"><meta charset="utf-8"><base target="_blank"><title></title>` +
        `<style>${style}</style><body>${html.replace(/\sautofocus\b/gi, "")}</body></html>`, // the focus is the lesson's
    });
    watchFrame(this.frame);
  }

  /**
   * What a running page shows at this moment, with nothing left in it that runs.
   * @param {HTMLIFrameElement} frame
   */
  static still(frame) {
    const page = frame.contentDocument;
    if (!page?.body) return new RecordedApp("", frame.title);
    if (
      page.getElementsByTagName("*").length > MOST.elements ||
      (page.body.textContent ?? "").length > MOST.characters
    ) {
      return new RecordedApp("<p>The app’s page has grown too large to be kept.</p>", frame.title);
    }
    const isImport = (/** @type {string} */ text) => Number(text.startsWith("@import"));
    const styles = [...page.styleSheets].map(textOf).sort((one, other) => isImport(other) - isImport(one));
    const body = /** @type {HTMLElement} */ (page.body.cloneNode(true));
    for (const script of body.querySelectorAll("script")) script.remove();
    return new RecordedApp(body.innerHTML, frame.title, styles.join("\n"));
  }
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
