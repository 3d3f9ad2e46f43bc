/** The frames of a WebSocket (RFC 6455, 5.2), as a server sends them: whole messages, unmasked. */

/** @typedef {{opcode: number, body: Uint8Array<ArrayBuffer>}} Frame */

/** How the answer to a handshake that was accepted is known: a service worker can give none with the status 101. */
export const SWITCHED = "Switching Protocols";
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;

const decoder = new TextDecoder();

/** Puts together what comes in pieces of any size. */
export class Frames {
  #bytes = new Uint8Array();

  /**
   * @param {Uint8Array} piece
   * @returns {Frame[]}  those that it completes
   */
  read(piece) {
    const bytes = new Uint8Array(this.#bytes.length + piece.length);
    bytes.set(this.#bytes);
    bytes.set(piece, this.#bytes.length);
    const frames = [];
    let at = 0;
    for (let frame; (frame = frameAt(bytes, at)); at = frame.end) frames.push(frame);
    this.#bytes = bytes.slice(at);
    return frames;
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} start
 * @returns {Frame & {end: number} | null}  null if it is not all there
 */
function frameAt({ buffer, length }, start) {
  if (length < start + 2) return null;
  const view = new DataView(buffer, start);
  const short = view.getUint8(1);
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (length < start + head) return null;
  const size = short < 126 ? short : short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
  const end = start + head + size;
  return length < end ? null : { opcode: view.getUint8(0) & 15, body: new Uint8Array(buffer, start + head, size), end };
}

/**
 * What the body of a Close frame says.
 * @param {Uint8Array} body
 */
export function closing(body) {
  return { code: body.length ? body[0] * 256 + body[1] : 1005, reason: decoder.decode(body.subarray(2)) };
}

/** @param {Uint8Array} body */
export function textOf(body) {
  return decoder.decode(body);
}
