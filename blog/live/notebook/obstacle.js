/** What `page/obstacle.js` is on a page: here Python runs on the notebook's machine, and nothing is in its way. */

export const REFUSED = "";

/** @returns {Promise<string | null>} */
export async function obstacle() {
  return null;
}
