/**
 * Fetches what Python is started from: its scripts, its compiled module, and its memory or the archive to fill that from.
 *
 * `started.bin` is a snapshot of the memory in which all modules that the examples need are imported already; `boot.zip`, a
 * third of it to fetch, has their code. A quick connection fetches the snapshot, a slow one the archive, and the snapshot
 * for the next time. The page does this, not Python's worker, so that unpacking and starting share the machine's cores.
 */
/* global streamside */
import "../bundle.js";
import { openCache, take } from "../shared/kept-files.js";

const SITE = new URL("../../", import.meta.url).href;
const QUICK = 5_000_000; // bytes per second at which the snapshot's bytes cost as much time as they save
const SAMPLE = 500_000; // bytes that tell how quick a connection is

/**
 * What `python-worker.js` starts Python from; the snapshot or the archive is to be transferred.
 * @typedef {{module: WebAssembly.Module, snapshot?: ArrayBuffer, archive?: ArrayBuffer}} PythonFiles
 */

/** One start's fetching. */
export class Fetching {
  #onprogress;
  #signal;
  #loaded = 0;
  /** The bytes of what is to be fetched; those of what need not be are taken out as that shows. */
  #sizes;
  #began = 0;
  /** @type {(bytesPerSecond: number) => void} */
  #measured = () => {};
  /** @type {Promise<number>} */
  #speed = new Promise((resolve) => (this.#measured = resolve));

  /**
   * @param {(loaded: number, size: number) => void} onprogress  called as bytes come
   * @param {AbortSignal} signal
   * @param {Record<string, number>} [sizes]  of the files that may be fetched
   */
  constructor(onprogress, signal, sizes = streamside.sizes) {
    this.#onprogress = onprogress;
    this.#signal = signal;
    this.#sizes = new Map(Object.entries(sizes));
  }

  /** Addresses of Pyodide's two scripts, for an import each. */
  scripts() {
    const names = ["pyodide.mjs", "pyodide.asm.mjs"];
    return Promise.all(
      names.map(async (name) => URL.createObjectURL(await (await this.#file(name, "text/javascript")).blob())),
    );
  }

  /** @returns {Promise<PythonFiles>} */
  async files() {
    const module = WebAssembly.compileStreaming(this.#file("pyodide.asm.wasm", "application/wasm"));
    const memory = this.#memory();
    const [compiled, content] = await Promise.all([module, memory]);
    return { module: compiled, ...content };
  }

  async #memory() {
    const names = ["started.bin", "boot.zip"];
    const [name, other] = (await this.#isSnapshotQuicker()) ? names : names.reverse();
    this.#sizes.delete(other);
    const response = await this.#file(name, "application/octet-stream");
    const content = await response.arrayBuffer();
    return name === "started.bin" ? { snapshot: content } : { archive: content };
  }

  async #isSnapshotQuicker() {
    if (await isKept("started.bin")) return true;
    if (await isKept("pyodide.asm.wasm")) return false; // not the first visit, and the snapshot has not come since
    return (await this.#speed) > QUICK;
  }

  /**
   * An example's own packages.
   * @param {string} path  of their archive, below `live/`
   */
  async packages(path) {
    return (await this.#file(path, "application/octet-stream", path)).arrayBuffer();
  }

  /**
   * A packed file of the bundle, unpacked: from the cache, where it stays once it has been fetched.
   * @param {string} name
   * @param {string} type
   * @param {string} [path]  below `live/`
   */
  async #file(name, type, path = streamside.files[name]) {
    const url = `${SITE}live/${path}`;
    const cache = await openCache(SITE);
    const kept = await take(cache, url, digestIn(path));
    if (kept) this.#sizes.delete(name);
    const packed = kept ? new Response(kept) : await this.#fetch(name, url, cache);
    const body = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (packed.body).pipeThrough(
      new DecompressionStream("gzip"),
    );
    return new Response(body, { headers: { "content-type": type } });
  }

  /**
   * @param {string} name
   * @param {string} url
   * @param {Cache | undefined} cache
   */
  async #fetch(name, url, cache) {
    const response = await fetch(url, { signal: this.#signal });
    if (!response.ok || !response.body) throw new Error(`${name} could not be fetched (${response.status}).`);
    cache?.put(url, response.clone()).catch(() => {}); // no room: it is fetched again next time
    return new Response(response.body.pipeThrough(this.#counter()));
  }

  #counter() {
    return new TransformStream({
      /** @type {(chunk: Uint8Array, controller: TransformStreamDefaultController) => void} */
      transform: (chunk, controller) => {
        this.#count(chunk.length);
        controller.enqueue(chunk);
      },
    });
  }

  /** @param {number} bytes */
  #count(bytes) {
    this.#began ||= performance.now();
    this.#loaded += bytes;
    this.#onprogress(
      this.#loaded,
      [...this.#sizes.values()].reduce((sum, size) => sum + size, 0),
    );
    if (this.#loaded > SAMPLE) this.#measured((1000 * this.#loaded) / (performance.now() - this.#began));
  }
}

/**
 * Where a file of the bundle is.
 * @param {string} name
 */
export function address(name) {
  return `${SITE}live/${streamside.files[name]}`;
}

/**
 * The SHA-256 of a file of the bundle, which is named by it.
 * @param {string} path
 */
function digestIn(path) {
  return path.replace(/^files\/|-.*/g, "");
}

/** @param {string} name */
async function isKept(name) {
  return Boolean(await (await openCache(SITE))?.match(address(name)));
}
