/**
 * Fetches what Python is started from: its scripts, its compiled module, and its memory or the archive to fill that from.
 *
 * `started.bin` is a snapshot of the memory in which all modules that the examples need are imported already; `boot.zip`, a
 * third of it to fetch, has their code. A quick connection fetches the snapshot, a slow one the archive, and the snapshot
 * for the next time. The page does this, not Python's worker, so that unpacking and starting share the machine's cores.
 *
 * What is fetched ahead of the reader's press may be for nothing, and so a slow connection is not given much of it to carry.
 */
/* global streamside */
import "../bundle.js";
import { after } from "./after.js";
import { aside } from "./idle.js";
import { openCache, take } from "../shared/kept-files.js";

const SITE = new URL("../../", import.meta.url).href;
const SCRIPTS = ["pyodide.mjs", "pyodide.asm.mjs"];
const QUICK = 5_000_000; // bytes per second at which the snapshot's bytes cost as much time as they save
const SAMPLE = 200_000; // bytes that tell how quick a connection is
const SLOW = 750_000; // bytes per second; a slower connection carries only so much unasked:
const UNASKED = 2_000_000; // bytes
const BUFFER = 4_000_000; // bytes that may come, and be counted, before they are unpacked
const BEGINNING = 3_000; // ms for which what has been fetched is not kept yet: first it is to be used
const PIECE = 131_072; // bytes that are unpacked at a time while the reader reads

/**
 * What `python-worker.js` starts Python from, as it comes; the memory, a snapshot or the archive, is to be transferred.
 * @typedef {{module: Promise<WebAssembly.Module>, isSnapshot: Promise<boolean>, memory: Promise<ArrayBuffer>}} PythonFiles
 */

/** Compiled once for the page, however often Python is started. @type {WebAssembly.Module | undefined} */
let compiled;

/** One start's fetching: ahead of the reader's press, until it is asked for. */
export class Fetching {
  #onprogress;
  #signal;
  #loaded = 0;
  /** Bytes that come or have come from the network. */
  #begun = 0;
  /** Whether it is known from which of the two the memory comes. */
  #isDecided = false;
  #isAsked = false;
  /** @type {() => void} */
  #letAllCome = () => {};
  /** @type {Promise<void>} */
  #asked = new Promise((resolve) => (this.#letAllCome = resolve));
  /** Bytes per second, as Pyodide's scripts have come; 0 if that was not from the network. @type {Promise<number>} */
  #speedOfScripts = Promise.resolve(0);
  /** Python's worker has begun to. @type {Promise<unknown>} */
  #scriptsAreRead = Promise.resolve();
  /** The bytes of what is to be fetched; those of what need not be are taken out as that shows. */
  #sizes;
  #began = 0;
  /** @type {(bytesPerSecond: number) => void} */
  #measured = () => {};
  /** @type {Promise<number>} */
  #speed = new Promise((resolve) => (this.#measured = resolve));

  /**
   * @param {(loaded: number, size: number, isSizeKnown: boolean) => void} onprogress  called as bytes come
   * @param {AbortSignal} signal
   * @param {Record<string, number>} [sizes]  of the files that may be fetched
   */
  constructor(onprogress, signal, sizes = streamside.sizes) {
    this.#onprogress = onprogress;
    this.#signal = signal;
    this.#sizes = new Map(Object.entries(sizes));
  }

  /** The reader has pressed Run: nothing is held back any more. */
  ask() {
    this.#isAsked = true;
    this.#letAllCome();
  }

  /**
   * Addresses of Pyodide's two scripts, for an import each.
   * @param {Promise<unknown>} reader  who imports them: so busy is this page while it unpacks all else that it would wait
   */
  scripts(reader) {
    const scripts = Promise.all(
      SCRIPTS.map(async (name) => {
        const type = "text/javascript";
        const bytes = await (await this.#file(name, type)).arrayBuffer();
        return URL.createObjectURL(new Blob([bytes], { type }));
      }),
    );
    this.#speedOfScripts = scripts.then(() => after(0)).then(() => this.#speedSoFar()); // what the browser tells has come
    this.#speedOfScripts.catch(() => {}); // told by who waits for the scripts
    this.#scriptsAreRead = Promise.all([scripts, reader]);
    this.#scriptsAreRead.catch(() => {});
    return scripts;
  }

  /** @returns {PythonFiles} */
  files() {
    const isSnapshot = this.#isSnapshotQuicker();
    return { module: this.#module(), isSnapshot, memory: this.#memory(isSnapshot) };
  }

  async #module() {
    const name = "pyodide.asm.wasm";
    if (compiled) this.#sizes.delete(name);
    return (compiled ??= await WebAssembly.compileStreaming(this.#file(name, "application/wasm")));
  }

  /** @param {Promise<boolean>} isSnapshot */
  async #memory(isSnapshot) {
    const names = ["started.bin", "boot.zip"];
    const [name, other] = (await isSnapshot) ? names : names.reverse();
    this.#sizes.delete(other);
    this.#isDecided = true;
    return (await this.#file(name, "application/octet-stream")).arrayBuffer();
  }

  async #isSnapshotQuicker() {
    if (await isKept("started.bin")) return true;
    if (await isKept("pyodide.asm.wasm")) return false; // not the first visit, and the snapshot has not come since
    return ((await this.#speedOfScripts) || (await this.#speed)) > QUICK;
  }

  /**
   * Wait until a file may come from the network.
   * @param {string} name
   */
  async #permission(name) {
    const size = streamside.sizes[name];
    if (this.#begun + size > UNASKED && (await this.#isHeldBack())) await this.#asked;
    this.#begun += size;
  }

  /** Whether this is ahead, over a connection that is slow, or that nothing is known of: the scripts were here already. */
  async #isHeldBack() {
    return !this.#isAsked && ((await Promise.race([this.#speedOfScripts, this.#asked])) ?? Infinity) < SLOW;
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
    const kept = await take(await knownCache(), url, digestIn(path));
    if (kept) this.#sizes.delete(name);
    else await this.#permission(name);
    const packed = kept ? new Response(kept) : await this.#fetch(name, url);
    if (!SCRIPTS.includes(name) && this.#isAsked) await this.#scriptsAreRead; // while this is unpacked
    const body = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (packed.body)
      .pipeThrough(SCRIPTS.includes(name) ? new TransformStream() : this.#pieces())
      .pipeThrough(new DecompressionStream("gzip"));
    return new Response(body, { headers: { "content-type": type } });
  }

  /**
   * @param {string} name
   * @param {string} url
   */
  async #fetch(name, url) {
    const response = await fetch(url, { signal: this.#signal, priority: this.#isAsked ? "auto" : "low" });
    if (!response.ok || !response.body) throw new Error(`${name} could not be fetched (${response.status}).`);
    return new Response(response.body.pipeThrough(this.#counter(url)));
  }

  /** Unpacking is the page's work: ahead, it is done in pieces while the page has nothing better to do. */
  #pieces() {
    return new TransformStream({
      /** @type {(chunk: Uint8Array<ArrayBuffer>, controller: TransformStreamDefaultController) => Promise<void>} */
      transform: async (chunk, controller) => {
        for (let at = 0; at < chunk.length; at += PIECE) {
          if (!this.#isAsked) await Promise.race([aside(), this.#asked]);
          controller.enqueue(chunk.subarray(at, at + PIECE));
        }
      },
    });
  }

  /** @param {string} url  whose bytes are counted, and kept once all have come */
  #counter(url) {
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const chunks = [];
    return new TransformStream(
      {
        /** @type {(chunk: Uint8Array<ArrayBuffer>, controller: TransformStreamDefaultController) => void} */
        transform: (chunk, controller) => {
          this.#count(chunk.length);
          chunks.push(chunk);
          controller.enqueue(chunk);
        },
        flush: () => void keepLater(url, chunks),
      },
      undefined,
      new ByteLengthQueuingStrategy({ highWaterMark: BUFFER }),
    );
  }

  /** @param {number} bytes */
  #count(bytes) {
    this.#began ||= performance.now();
    this.#loaded += bytes;
    const size = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    this.#onprogress(this.#loaded, size, this.#isDecided);
    if (this.#loaded > SAMPLE) this.#measured(this.#speedSoFar());
  }

  /**
   * As this page has taken what came; or as the network has brought the larger script, by the browser's account: a busy page
   * takes it later.
   */
  #speedSoFar() {
    const taken = this.#loaded && (1000 * this.#loaded) / (performance.now() - this.#began);
    const [entry] = performance.getEntriesByName(address("pyodide.asm.mjs"));
    if (!taken || !(entry instanceof PerformanceResourceTiming)) return taken;
    return Math.max(taken, (1000 * entry.encodedBodySize) / (entry.responseEnd - entry.responseStart));
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

/** The cache, where there can be something in it: to ask for it takes a browser a while that has none. */
function knownCache() {
  return navigator.serviceWorker.controller ? openCache(SITE) : undefined;
}

/** @param {string} name */
async function isKept(name) {
  return Boolean(await (await knownCache())?.match(address(name)));
}

/**
 * @param {string} url
 * @param {Uint8Array<ArrayBuffer>[]} chunks
 */
async function keepLater(url, chunks) {
  await after(BEGINNING);
  const cache = await openCache(SITE);
  await cache?.put(url, new Response(new Blob(chunks))).catch(() => {}); // no room: it is fetched again next time
}
