/** What readers have made of programs is kept in this browser, by example, until they reset it. */

/** @param {string} example */
const nameOf = (example) => `streamside-program-${example}`; // About removes what begins so

/**
 * The reader's version; null if there is none, or if the browser keeps nothing.
 * @param {string} example
 * @returns {string | null}
 */
export function keptEdits(example) {
  try {
    return localStorage.getItem(nameOf(example));
  } catch {
    return null;
  }
}

/**
 * @param {string} example
 * @param {string | null} program  null: the original again
 */
export function keepEdits(example, program) {
  try {
    if (program === null) localStorage.removeItem(nameOf(example));
    else localStorage.setItem(nameOf(example), program);
  } catch {
    // Storage may be forbidden or full; the changes then last as long as the page.
  }
}
