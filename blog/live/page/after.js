/**
 * Resolves after a time.
 * @param {number} time  ms
 * @returns {Promise<undefined>}
 */
export function after(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}
