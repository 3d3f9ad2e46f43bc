/** Text that is too long to be shown as it comes: its beginning, and a button for the rest. */

import { button } from "./dom.js";

/** More is shown on request, in characters. */
const SHOWN = 2_000;
/** So much of what is not shown is kept, on the whole page: of more, the newest. */
const KEPT = 4_000_000;

/** @type {{rest: string, more: HTMLElement}[]} the oldest first */
const kept = [];
let size = 0;

/**
 * @param {string} text
 * @returns {(string | HTMLElement)[]}  what is to be shown for it
 */
export function shortened(text) {
  if (text.length <= SHOWN) return [text];
  const rest = text.slice(SHOWN);
  const more = button(`… ${rest.length.toLocaleString("en")} more characters`, () => more.replaceWith(rest), {
    class: "more",
  });
  kept.push({ rest, more });
  size += rest.length;
  while (size > KEPT) forgetOldest();
  return [text.slice(0, SHOWN), more];
}

function forgetOldest() {
  const [{ rest, more }] = kept.splice(0, 1);
  size -= rest.length;
  more.replaceWith(`${more.textContent}, which are no longer kept`);
}
