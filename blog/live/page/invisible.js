/** Characters that nobody can see, named as in the lessons' transcripts: ⟨NUL⟩, ⟨BOM⟩ (`streamside/transcript.py`). */

import { element } from "./dom.js";

const NAMES = new Map(
  Object.entries({ "\r": "CR", "\n": "LF", "\t": "TAB", "\0": "NUL", "\x1b": "ESC", "\ufeff": "BOM" }),
);
// Controls, line separators, and what steers the direction of text; the joiners of letters and emoji may pass.
const INVISIBLE =
  // eslint-disable-next-line no-control-regex
  /([\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb])/;

/**
 * The text in pieces, the names of invisible characters in elements of their own.
 * @param {string} text
 * @returns {(string | HTMLElement)[]}
 */
export function visible(text) {
  return text
    .split(INVISIBLE)
    .map((part, index) => (index % 2 ? element("span", { class: "invisible" }, name(part)) : part));
}

/** @param {string} character */
function name(character) {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return `⟨${NAMES.get(character) ?? `U+${code}`}⟩`;
}
