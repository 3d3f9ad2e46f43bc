/** A program in the fragment of an address: packed, so that it stays short enough to be sent. */

/**
 * Whether a fragment carries a program for this example.
 * @param {string} example
 * @param {string} fragment
 */
export function isFor(example, fragment) {
  return fragment.startsWith(`#${example}=`);
}

/**
 * @param {string} example
 * @param {string} source
 */
export async function toFragment(example, source) {
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(source));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `#${example}=${text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/**
 * The program for this example, if the fragment carries one. Rejects if what it carries cannot be read.
 * @param {string} example
 * @param {string} fragment
 * @returns {Promise<string | null>}
 */
export async function fromFragment(example, fragment) {
  if (!isFor(example, fragment)) return null;
  const text = atob(fragment.slice(`#${example}=`.length).replaceAll("-", "+").replaceAll("_", "/"));
  const packed = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const bytes = await through(new DecompressionStream("deflate-raw"), packed);
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/**
 * @param {CompressionStream | DecompressionStream} transform
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function through(transform, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}
