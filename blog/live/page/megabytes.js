/**
 * How much has been fetched, in words.
 * @param {number} loaded  bytes
 * @param {number} [size]  of how many, if that is known
 */
export function megabytes(loaded, size) {
  const number = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
  return size ? `${number(loaded)} of ${number(size)} MB` : `${number(loaded)} MB`;
}
