/** An example's program as the site has it: one file, or a folder's files with what else they take. */

const EXAMPLES = new URL("../examples/", import.meta.url).href;

/**
 * Files are named by their paths from the folder of all examples: `basic_stream.py`, `django_yo/views.py`.
 * @typedef {object} Program
 * @property {Record<string, string>} files
 * @property {Record<string, string>} environment  variables that are set for it
 * @property {{archive: string, size: number, rest: string}} [packages]  paths below `live/`: those of this example alone
 */

/**
 * As new as the page. Rejects if it cannot be had.
 * @param {string} example
 * @param {boolean} isPacked  there is more to it than its file
 * @returns {Promise<Program>}
 */
export async function fetchProgram(example, isPacked) {
  const file = `${example}.py`;
  const response = await fetch(`${EXAMPLES}${isPacked ? `${example}.json` : file}`, { cache: "no-cache" });
  if (!response.ok) throw new Error(`The program of this example could not be fetched (status ${response.status}).`);
  return isPacked ? response.json() : { files: { [file]: await response.text() }, environment: {} };
}
