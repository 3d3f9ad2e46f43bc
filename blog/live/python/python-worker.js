/**
 * Python in a Web Worker, and the bridge between the service worker and the applications.
 *
 * From the page, each with a number to answer to: `scripts` (urls), `boot` (isSnapshot, size, lock, rest), `module` and
 * `memory` (what Python is started from, when it has come; the memory as a snapshot, or as the archive to fill it from), `unpack` (example, archive, rest), `start` and `restart` (server, example, files, environment), `stop` (server), `listen`
 * (that it does is the answer), `resumption` (source), `check` (see, messages, now); and `port`, one to a service worker. To
 * the page: `there`, once; `answer` (call, result or error), `log` (server or null, text, late: it had to wait, for more is
 * printed than a page can show).
 */

/** @typedef {{message: string, line: number | undefined, file: string | undefined} | null} Failure */
/** @typedef {Record<string, string>} Texts */
/**
 * @typedef {object} Bridge  what `connect` in bridge/javascript.py returns
 * @property {(message: object) => void} receive
 * @property {(example: string, archive: Uint8Array, rest: string) => void} unpack
 * @property {(server: string, example: string, files: Texts, environment: Texts) => Promise<Failure>} start
 * @property {(server: string, example: string, files: Texts, environment: Texts) => Promise<Failure>} restart
 * @property {(server: string) => Promise<Failure>} stop
 * @property {() => Promise<void>} importAhead
 * @property {() => void} forget
 * @property {(see: string, messages: object[], now: number) => string} check
 * @property {(source: string) => {lastEventId: string, reconnectionTime: number | undefined}} resumption
 */

/** @typedef {{isSnapshot: boolean, size: number, lock: object, rest: string}} BootMessage  `size` of the snapshot's memory, in bytes */

const HOME = new URL("./", import.meta.url).href;
const PAGE = 1024; // words of the memory, as in run_in_node.mjs
const HEADER = 4_096; // bytes: room for a snapshot's header
const GROWTH = 65_536; // bytes by which memory grows at a time

/** Pyodide's scripts. @type {Promise<any[]>} */
let scripts;
/** @type {Coming<WebAssembly.Module>} */
const moduleComing = coming();
/** @type {Coming<{memory: ArrayBuffer | null}>} */
const memoryComing = coming();
/** @type {(bridge: Bridge) => void} */
let booted;
/** @type {Promise<Bridge>} */
const bridge = new Promise((resolve) => (booted = resolve));
/** Ports to service workers, by the first part of their connections' ids. @type {Map<string, MessagePort>} */
const ports = new Map();

self.addEventListener("message", async ({ data, ports: [port] }) => {
  if (data.kind === "port") {
    await connect(port);
    return;
  }
  try {
    self.postMessage({ kind: "answer", call: data.call, result: await perform(data) });
  } catch (error) {
    self.postMessage({ kind: "answer", call: data.call, error: String(error) });
  }
});

// @ts-expect-error  A snapshot runs only as it was taken: without stack switching, which not all browsers have.
delete WebAssembly.Suspending;
self.postMessage({ kind: "there" });

/**
 * @param {any} message
 * @returns {Promise<unknown>}
 */
async function perform({ kind, server, example, files, environment, source, ...message }) {
  switch (kind) {
    case "scripts":
      scripts = Promise.all(
        message.urls.map((/** @type {string} */ url) => import(url).finally(() => URL.revokeObjectURL(url))),
      );
      return undefined;
    case "boot":
      return booted(await boot(message));
    case "module":
      return moduleComing.come(message.module);
    case "memory":
      return memoryComing.come({ memory: message.memory });
    case "import":
      return (await bridge).importAhead();
    case "unpack":
      return (await bridge).unpack(example, new Uint8Array(message.archive), message.rest);
    case "start":
      return (await bridge).start(server, example, files, environment);
    case "restart":
      return (await bridge).restart(server, example, files, environment);
    case "listen":
      return undefined;
    case "stop":
      return (await bridge).stop(server);
    case "check":
      return (await bridge).check(message.see, message.messages, message.now);
    default:
      return (await bridge).resumption(source);
  }
}

/**
 * A service worker has started: from now on the requests come from there.
 * @param {MessagePort} port
 */
async function connect(port) {
  const { receive, forget } = await bridge;
  forget(); // the streams of the one before, if it still is there to hear of it
  port.onmessage = ({ data }) => {
    ports.set(life(data), port);
    receive(data);
  };
}

/** @param {{id: string}} message */
function life({ id }) {
  return id.split(" ", 1)[0];
}

/**
 * What comes when it has been fetched.
 * @template T
 * @typedef {{promise: Promise<T>, come: (it: T) => void}} Coming
 */

/** @returns {Coming<any>} */
function coming() {
  let come = /** @type {(it: any) => void} */ (() => {});
  const promise = new Promise((resolve) => (come = resolve));
  return { promise, come };
}

/** What the page has unpacked: once, for it is large and is not to be kept. */
async function takeMemory() {
  const message = await memoryComing.promise;
  const memory = /** @type {ArrayBuffer} */ (message.memory);
  message.memory = null;
  return memory;
}

/**
 * Start Python, and in it what is between the service worker and the applications. As much as can be is done before all that
 * it takes has come: the page unpacks the memory last.
 * @param {BootMessage} message
 * @returns {Promise<Bridge>}
 */
async function boot({ isSnapshot, size, lock, rest }) {
  const [{ loadPyodide }, { default: createPyodideModule }] = await scripts;
  const header = new Uint8Array(HEADER);
  answerPyodide(isSnapshot, size);
  const python = await loadPyodide({
    indexURL: HOME,
    stdLibURL: `${HOME}boot.zip`,
    createPyodideModule: async (/** @type {object} */ settings) => {
      const made = await createPyodideModule(settings);
      if (isSnapshot) fill(made.HEAPU32, header, await takeMemory());
      return made;
    },
    lockFileContents: { info: lock, packages: {} },
    _loadSnapshot: isSnapshot ? header : undefined,
  });
  return python
    .pyimport("bridge")
    .connect(
      post,
      (/** @type {string | undefined} */ server, /** @type {string} */ text, /** @type {boolean} */ late) =>
        self.postMessage({ kind: "log", server, text, late }),
      fetchNow,
      rest,
    );
}

/**
 * Have Pyodide get what comes from the page, for what it would fetch by address.
 * @param {boolean} isSnapshot
 * @param {number} size
 */
function answerPyodide(isSnapshot, size) {
  const { fetch } = self;
  self.fetch = async (input, init) => {
    if (!String(input).startsWith(HOME)) return fetch(input, init);
    return new Response(isSnapshot ? null : await takeMemory());
  };
  WebAssembly.instantiateStreaming = async (_response, imports) => {
    const module = await moduleComing.promise;
    const instance = await WebAssembly.instantiate(module, imports);
    const memory = /** @type {WebAssembly.Memory} */ (instance.exports.memory);
    const missing = size - memory.buffer.byteLength;
    if (isSnapshot && missing > 0) memory.grow(missing / GROWTH); // Pyodide takes the size for granted (its issue 6254)
    return { instance, module };
  };
}

/**
 * Fill the memory from Pyodide's snapshot, which comes as the pages that are not as in a fresh instance (run_in_node.mjs says
 * how). Pyodide is given no more of it than its header: it would make a copy of all.
 * @param {Uint32Array} memory
 * @param {Uint8Array} header  to be filled, too
 * @param {ArrayBuffer} snapshot
 */
function fill(memory, header, snapshot) {
  const words = new Uint32Array(snapshot);
  const begin = words[1]; // of the memory, after Pyodide's header
  const [, count] = words.subarray(begin / 4);
  const numbers = words.subarray(begin / 4 + 2, begin / 4 + 2 + count);
  const pages = words.subarray(begin / 4 + 2 + count);
  numbers.forEach((number, at) => memory.set(pages.subarray(at * PAGE, (at + 1) * PAGE), number * PAGE));
  header.set(new Uint8Array(snapshot, 0, begin));
  new Uint32Array(header.buffer)[1] = HEADER; // after which there is nothing more to be copied
}

/**
 * To the service worker that the message's connection belongs to.
 * @param {{id: string, body?: Uint8Array}} message
 */
function post(message) {
  ports.get(life(message))?.postMessage(message, message.body ? [message.body.buffer] : []);
}

/**
 * A file, while Python waits.
 * @param {string} url
 * @returns {Uint8Array}
 */
function fetchNow(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${url} could not be fetched (${request.status})`);
  return new Uint8Array(request.response);
}
