/** What the Content-Security-Policy of a host may forbid, though Python in the page needs it. */

const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0); // a WebAssembly module with nothing in it

/** @type {Promise<string | null> | undefined} */
let missing;

/** Which source of `script-src` is missing; the same for as long as the page lives. */
export function missingSource() {
  return (missing ??= findMissingSource());
}

/** @returns {Promise<string | null>} */
async function findMissingSource() {
  try {
    new WebAssembly.Module(EMPTY);
  } catch {
    return "'wasm-unsafe-eval'";
  }
  const script = URL.createObjectURL(new Blob([], { type: "text/javascript" }));
  try {
    await import(script);
  } catch {
    return "blob:";
  } finally {
    URL.revokeObjectURL(script);
  }
  return null;
}
