/** A frame that shows an example's page: it follows the reader's theme, shows that it has the focus, and scrolls alone. */

import { followTheme } from "./frame-theme.js";

/** @param {HTMLIFrameElement} frame */
export function watchFrame(frame) {
  followTheme(frame);
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument?.defaultView; // none of ours, where the page has led to another origin
    if (!inside) return;
    showFocus(frame, inside);
    keepScrollingInside(inside);
  });
}

/**
 * No selector tells of a focus that is inside a frame.
 * @param {HTMLIFrameElement} frame
 * @param {Window} inside
 */
function showFocus(frame, inside) {
  inside.addEventListener("focus", () => frame.classList.add("focused"));
  inside.addEventListener("blur", () => frame.classList.remove("focused"));
}

/**
 * A page that scrolls to its newest message (`show:bottom`) would take the lesson around it along.
 * @param {Window & typeof globalThis} inside
 */
export function keepScrollingInside(inside) {
  inside.Element.prototype.scrollIntoView = function (how) {
    const box = this.getBoundingClientRect();
    const end = how === false || (typeof how === "object" && how.block === "end");
    inside.scrollBy({ top: end ? box.bottom - inside.innerHeight : box.top });
  };
}
