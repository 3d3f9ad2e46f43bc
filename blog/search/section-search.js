/** Finds sections by the words in them. */

import MiniSearch from "minisearch";

/** @typedef {{address: string, page: string, heading: string, text: string}} Section */
/** @typedef {{text: string, isFound: boolean}} Piece  of a text, as it is marked */

const BEFORE = 50; // letters of a section that stand before the first word that was found in it
const LETTERS = 170;

/**
 * Returns what finds, in these sections, those that have all words of a question: as they are or, where they are long,
 * with a wrong letter; the last one, which may not be whole yet, also as the beginning of others. Sections in which
 * the words stand side by side come first.
 * @param {Section[]} sections
 */
export function sectionSearch(sections) {
  const index = new MiniSearch({ fields: ["heading", "page", "text"], idField: "address" });
  index.addAll(sections);
  const byAddress = new Map(sections.map((section) => [section.address, section]));

  /** @param {string} question */
  return (question) => {
    const phrase = words(question).join("[\\s\\p{P}]+");
    const together = new RegExp(atWord(phrase), "iu");
    const results = index.search(question, {
      boost: { heading: 4, page: 2 },
      boostDocument: (address) => (together.test(textOf(byAddress.get(address))) ? 4 : 1),
      combineWith: "AND",
      fuzzy: (word) => (word.length > 4 ? 0.2 : false),
      prefix: (_, number, all) => number === all.length - 1,
    });
    return results.map(({ id, terms }) => {
      const section = /** @type {Section} */ (byAddress.get(id));
      return { section, excerpt: excerpt(section.text, [phrase, ...terms.flatMap(words)]) };
    });
  };
}

/** @param {Section} [section] */
const textOf = (section) => `${section?.heading} ${section?.text}`;

/** The words of a text, as they stand in a regular expression. @param {string} text */
const words = (text) => text.match(/[\p{L}\p{N}]+/gu) ?? [];

/** @param {string} pattern */
const atWord = (pattern) => `(?<![\\p{L}\\p{N}])(${pattern})`;

/**
 * The place of a text where the first of these patterns that is in it stands, in pieces that are marked or not.
 * @param {string} text
 * @param {string[]} patterns
 * @returns {Piece[]}
 */
export function excerpt(text, patterns) {
  const places = patterns.map((pattern) => text.search(new RegExp(atWord(pattern), "iu")));
  const first = Math.max(0, (places.find((place) => place >= 0) ?? 0) - BEFORE);
  const begin = first && text.indexOf(" ", first) + 1; // at a word
  const rest = text.indexOf(" ", begin + LETTERS);
  const end = rest < 0 ? text.length : rest;
  const shown = (begin ? "… " : "") + text.slice(begin, end) + (end < text.length ? " …" : "");
  const pieces = shown.split(new RegExp(atWord(patterns.join("|")), "iu"));
  return pieces.map((piece, number) => ({ text: piece, isFound: number % 2 === 1 })).filter(({ text }) => text);
}
