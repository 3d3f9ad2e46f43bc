/**
 * `WebSocket` for the example's own server (https://websockets.spec.whatwg.org/): a real one never gets to a service worker.
 *
 * The handshake is a request whose answer stays open and brings the server's frames; what the page says goes to the service
 * worker in messages. What breaks such an answer breaks the WebSocket, be it the cable or a page that is left. Other servers'
 * addresses are the browser's own affair.
 */
import { BINARY, CLOSE, Frames, SWITCHED, TEXT, closing, textOf } from "./web-socket-frames.js";

const Native = globalThis.WebSocket;
const fetch = globalThis.fetch.bind(globalThis); // whatever the page makes of it
const [, tab] = /\/live\/(tab-[0-9a-f]+)\//.exec(location.pathname) ?? [];
const life = Math.random().toString(36).slice(2, 10);
const encoder = new TextEncoder();
const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];
let count = 0;

class WebSocket extends EventTarget {
  #name = `${life}-${++count}`;
  #handshake = new AbortController();
  #hasOpened = false;
  /** @type {BinaryType} */
  #binaryType = "blob";
  /** Messages go out in the order in which they were given, though a Blob's bytes have to be waited for. */
  #saying = Promise.resolve();
  readyState = CONNECTING;
  bufferedAmount = 0;
  extensions = "";
  protocol = "";
  url = "";

  /**
   * @param {string | URL} url
   * @param {string | string[]} [protocols]
   */
  constructor(url, protocols = []) {
    super();
    const address = ownAddress(url);
    const wanted = [protocols].flat().map(String);
    // The browser says what is wrong with an address or a protocol.
    if (!address || !areProtocols(wanted)) return /** @type {any} */ (new Native(url, protocols));
    this.url = address.href.replace("http", "ws");
    void this.#connect(address, wanted);
  }

  get [Symbol.toStringTag]() {
    return "WebSocket";
  }

  get binaryType() {
    return this.#binaryType;
  }

  set binaryType(type) {
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  /** @param {string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Blob} data */
  send(data) {
    if (this.readyState === CONNECTING) throw new DOMException("It is still connecting.", "InvalidStateError");
    const isBinary = data instanceof Blob || data instanceof ArrayBuffer || ArrayBuffer.isView(data);
    const body = data instanceof Blob ? data : bytesOf(isBinary ? data : String(data));
    const size = body instanceof Blob ? body.size : body.length;
    this.bufferedAmount += size;
    if (this.readyState === OPEN) this.#say(isBinary ? BINARY : TEXT, body).then(() => (this.bufferedAmount -= size));
  }

  /**
   * @param {number} [code]
   * @param {string} [reason]
   */
  close(code, reason = "") {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
      throw new DOMException(`The code is ${code}, and not 1000 or from 3000 to 4999.`, "InvalidAccessError");
    const said = encoder.encode(reason);
    if (said.length > 123) throw new DOMException("The reason is longer than 123 bytes.", "SyntaxError");
    if (this.readyState === CONNECTING) this.#handshake.abort();
    else if (this.readyState === OPEN)
      void this.#say(CLOSE, code === undefined ? new Uint8Array() : closeBody(code, said));
    this.readyState = Math.max(this.readyState, CLOSING);
  }

  /**
   * @param {number} opcode
   * @param {Blob | Uint8Array<ArrayBuffer>} body
   */
  #say(opcode, body) {
    return (this.#saying = this.#saying.then(async () => {
      const buffer = body instanceof Blob ? await body.arrayBuffer() : body.buffer;
      const message = { kind: "frame", tab, socket: this.#name, opcode, body: buffer };
      navigator.serviceWorker.controller?.postMessage(message, [buffer]);
    }));
  }

  /**
   * @param {URL} address
   * @param {string[]} wanted
   */
  async #connect(address, wanted) {
    try {
      await this.#listen(await this.#open(address, wanted));
    } catch {
      // Its handshake has failed, or its connection is broken.
    }
    this.#end({ code: 1006 });
  }

  /**
   * @param {URL} address
   * @param {string[]} wanted
   */
  async #open(address, wanted) {
    const named = new URL(address);
    named.search += `${named.search ? "&" : "?"}streamside-socket=${this.#name}`;
    const { signal } = this.#handshake;
    const headers = new Headers(wanted.length ? { "streamside-protocols": wanted.join(", ") } : {});
    const answer = await fetch(named, { cache: "no-store", headers, signal });
    const chosen = answer.headers.get("sec-websocket-protocol") ?? "";
    if (answer.statusText !== SWITCHED || !answer.body || !(wanted.length ? wanted : [""]).includes(chosen)) {
      this.#handshake.abort();
      throw new TypeError("The answer is not the WebSocket that was asked for.");
    }
    this.protocol = chosen;
    this.#hasOpened = true;
    this.readyState = OPEN;
    this.dispatchEvent(new Event("open"));
    return answer.body.getReader();
  }

  /** @param {ReadableStreamDefaultReader<Uint8Array>} reader */
  async #listen(reader) {
    const frames = new Frames();
    for (let piece; !(piece = await reader.read()).done;) {
      for (const { opcode, body } of frames.read(piece.value)) {
        if (opcode === CLOSE) this.#end(closing(body));
        else if (opcode === TEXT) this.#dispatch(textOf(body));
        else if (opcode === BINARY)
          this.#dispatch(this.#binaryType === "blob" ? new Blob([body]) : body.slice().buffer);
      }
    }
  }

  /** @param {string | Blob | ArrayBuffer} data */
  #dispatch(data) {
    if (this.readyState !== OPEN) return;
    this.dispatchEvent(new MessageEvent("message", { data, origin: new URL(this.url).origin }));
  }

  /** @param {{code: number, reason?: string}} how  1006: without a frame that says so */
  #end(how) {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    if (!this.#hasOpened) this.dispatchEvent(new Event("error"));
    this.dispatchEvent(new CloseEvent("close", { ...how, wasClean: how.code !== 1006 }));
  }
}

for (const [value, name] of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].entries()) {
  for (const owner of [WebSocket, WebSocket.prototype]) Object.defineProperty(owner, name, { value, enumerable: true });
}

for (const type of ["open", "message", "error", "close"]) {
  /** What `on…` is set to, and what calls it. @type {WeakMap<WebSocket, {handler: Function | null}>} */
  const all = new WeakMap();
  Object.defineProperty(WebSocket.prototype, `on${type}`, {
    enumerable: true,
    configurable: true,
    get() {
      return all.get(this)?.handler ?? null;
    },
    set(handler) {
      const own = all.get(this) ?? { handler: null };
      if (!all.has(this)) this.addEventListener(type, (/** @type {Event} */ event) => own.handler?.call(this, event));
      all.set(this, own);
      own.handler = typeof handler === "function" ? handler : null;
    },
  });
}

/**
 * The address by which the example's server is asked; null if it is not that server's, or no address of a WebSocket.
 * @param {string | URL} url
 */
function ownAddress(url) {
  if (!URL.canParse(url, document.baseURI)) return null;
  const address = new URL(url, document.baseURI);
  address.protocol = address.protocol.replace("ws", "http");
  return address.origin === location.origin && !address.href.includes("#") ? address : null;
}

/** @param {string[]} names */
function areProtocols(names) {
  return names.every((name) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name)) && new Set(names).size === names.length;
}

/**
 * A copy, for the page may change its own.
 * @param {string | ArrayBuffer | ArrayBufferView<ArrayBuffer>} data
 */
function bytesOf(data) {
  if (typeof data === "string") return encoder.encode(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice());
  return new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
}

/**
 * @param {number} code
 * @param {Uint8Array} reason
 */
function closeBody(code, reason) {
  return new Uint8Array([code >> 8, code & 255, ...reason]);
}

Object.assign(globalThis, { WebSocket });
