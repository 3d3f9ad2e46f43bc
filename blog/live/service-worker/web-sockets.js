/** The WebSockets of examples' pages (../frame/web-socket.js): the answer to the handshake stays open, and brings frames. */
import { CLOSE, Frames, SWITCHED, TEXT, closing, textOf } from "../frame/web-socket-frames.js";
import { headersOf } from "./answers.js";
import { Connection } from "./connections.js";
import { tabs } from "./tabs.js";

/** @typedef {import("../frame/web-socket-frames.js").Frame} Frame */

/** A frame that asks nothing of a page: Firefox has an answer wait for the first byte of its body. */
const PING = new Uint8Array([0x89, 0]);
const SHOWN = 32; // bytes of a binary message

export class WebSocketConnection extends Connection {
  kind = "handshake";
  #frames = new Frames();
  #isOpen = false;
  /** Whether a Close frame has come from the server. */
  #isClosed = false;

  /**
   * @param {Request} request
   * @returns {[string, string][]}
   */
  headersOf(request) {
    const own = /^(accept|origin|referer|sec-fetch-.*|streamside-protocols)$/; // of `fetch`, and our own
    const protocols = request.headers.get("streamside-protocols");
    return [
      ["connection", "Upgrade"],
      ["upgrade", "websocket"],
      ["origin", location.origin],
      ["sec-websocket-version", "13"],
      .../** @type {[string, string][]} */ (protocols ? [["sec-websocket-protocol", protocols]] : []),
      ...super.headersOf(request).filter(([name]) => !own.test(name)),
    ];
  }

  /** A buffering proxy passes on at once what follows a 101. */
  get passing() {
    return { ...this.cable, hold: false };
  }

  /**
   * @param {import("./cable.js").Head} head
   * @param {Request} request
   */
  respond(head, request) {
    if (head.status !== 101) return super.respond(head, request);
    this.#isOpen = true;
    this.tell({ kind: "response", status: head.status, headers: head.headers });
    const headers = headersOf(head.headers, this.place, request);
    return new Response(this.body(null, PING), { statusText: SWITCHED, headers });
  }

  /** @param {Uint8Array} bytes */
  tellPiece(bytes) {
    if (!this.#isOpen) super.tellPiece(bytes);
    else for (const frame of this.#frames.read(bytes)) this.#tellFrame("server", frame);
  }

  get ended() {
    return this.#isClosed ? "The WebSocket is closed." : super.ended;
  }

  /**
   * @param {"server" | "client" | "network"} by
   * @param {string} why
   */
  finish(by, why) {
    const isBroken = this.#isOpen && !this.#isClosed && by !== "client";
    super.finish(by, isBroken ? `${why} Without a Close frame, the page’s WebSocket closes with the code 1006.` : why);
  }

  /**
   * The page says something.
   * @param {Frame} frame
   */
  say({ opcode, body }) {
    if (this.endedBy) return;
    this.#tellFrame("client", { opcode, body });
    this.ask({ kind: "frame", opcode, body });
  }

  /**
   * @param {"client" | "server"} by
   * @param {Frame} frame
   */
  #tellFrame(by, { opcode, body }) {
    this.#isClosed ||= by === "server" && opcode === CLOSE;
    const what = opcode === CLOSE ? "close" : opcode === TEXT ? "text" : "bytes";
    const { code, reason } = closing(body);
    const end = body.length ? `${code} ${reason}`.trim() : "without a code";
    const text = { close: end, text: textOf(body), bytes: hexadecimal(body) }[what];
    this.tell({ kind: "frame", by, what, text, size: body.length });
  }
}

/** @param {Uint8Array} bytes */
function hexadecimal(bytes) {
  const shown = Array.from(bytes.subarray(0, SHOWN), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return bytes.length > SHOWN ? `${shown} …` : shown;
}

/** @param {{tab: string, socket: string, opcode: number, body: ArrayBuffer}} message  what a page's WebSocket says */
export function hearFrame({ tab, socket, opcode, body }) {
  for (const each of tabs.get(tab)?.connections.values() ?? []) {
    if (each instanceof WebSocketConnection && each.place.socket === socket)
      each.say({ opcode, body: new Uint8Array(body) });
  }
}
