/** What is too long to be shown as it comes: its beginning, and a button for the rest. */

import { button } from "./dom.js";

/** More is shown on request, in characters. */
const SHOWN = 2_000;
/** So much of what is not shown is kept, on the whole page: of more, the newest. */
const KEPT = 4_000_000;

/** @type {{size: number, more: HTMLElement}[]} the oldest first */
const kept = [];
let keptSize = 0;

/**
 * @param {string} text
 * @param {(text: string) => (string | HTMLElement)[]} draw
 * @returns {(string | HTMLElement)[]}  what is to be shown for it
 */
export function shortened(text, draw) {
  if (text.length <= SHOWN) return draw(text);
  const rest = text.slice(SHOWN);
  const name = `… ${rest.length.toLocaleString("en")} more characters`;
  return [...draw(text.slice(0, SHOWN)), onRequest(name, rest.length, () => draw(rest))];
}

/**
 * A button that makes room for what it promises, as long as that is kept.
 * @param {string} name
 * @param {number} size  in characters
 * @param {() => (string | HTMLElement)[]} draw
 */
export function onRequest(name, size, draw) {
  const more = button(name, () => more.replaceWith(...draw()), { class: "more" });
  kept.push({ size, more });
  keptSize += size;
  while (keptSize > KEPT) forgetOldest();
  return more;
}

function forgetOldest() {
  const [{ size, more }] = kept.splice(0, 1);
  keptSize -= size;
  more.replaceWith(`${more.textContent}, no longer kept`);
}
