/**
 * Python in a Web Worker, and the bridge between the service worker and the applications.
 *
 * From the page, each with a number to answer to: `scripts` (urls), `boot` (module, snapshot or archive, lock, rest),
 * `unpack` (example, archive, rest), `start` and `restart` (server, example, files, environment), `stop` (server), `listen`
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

/** @typedef {import("../page/python-files.js").PythonFiles & {lock: object, rest: string}} BootMessage */

const HOME = new URL("./", import.meta.url).href;
const PAGE = 1024; // words of the memory, as in run_in_node.mjs

/** Pyodide's scripts. @type {Promise<any[]>} */
let scripts;
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
 * Start Python, and in it what is between the service worker and the applications.
 * @param {BootMessage} message
 * @returns {Promise<Bridge>}
 */
async function boot({ module, snapshot, archive, lock, rest }) {
  const [{ loadPyodide }, { default: createPyodideModule }] = await scripts;
  const memory = snapshot && unpacked(snapshot);
  answerPyodide(archive, async (imports) => {
    const instance = await WebAssembly.instantiate(module, imports);
    memory?.compare(/** @type {WebAssembly.Memory} */ (instance.exports.memory));
    return { instance, module };
  });
  const python = await loadPyodide({
    indexURL: HOME,
    stdLibURL: `${HOME}boot.zip`,
    createPyodideModule: async (/** @type {object} */ settings) => {
      const made = await createPyodideModule(settings);
      memory?.fill(made.HEAPU32);
      return made;
    },
    lockFileContents: { info: lock, packages: {} },
    _loadSnapshot: memory?.header,
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
 * Have Pyodide get what is here already, for what it would fetch by address.
 * @param {ArrayBuffer | undefined} archive
 * @param {(imports: WebAssembly.Imports) => Promise<WebAssembly.WebAssemblyInstantiatedSource>} instantiate
 */
function answerPyodide(archive, instantiate) {
  const { fetch } = self;
  self.fetch = async (input, init) => (String(input).startsWith(HOME) ? new Response(archive) : fetch(input, init));
  WebAssembly.instantiateStreaming = (_response, imports) => instantiate(imports ?? {});
}

/**
 * Pyodide's snapshot, which comes as what differs from the memory of a fresh instance (run_in_node.mjs says how). Pyodide is
 * given its header only: the memory is filled without a copy of all of it.
 * @param {ArrayBuffer} packed
 * @returns {{header: ArrayBuffer, compare: (fresh: WebAssembly.Memory) => void, fill: (memory: Uint32Array) => void}}
 *   `compare` with what the instance has at first, `fill` when it has been set up
 */
function unpacked(packed) {
  const words = new Uint32Array(packed);
  const begin = words[1] / 4; // of the memory, after Pyodide's header
  const [size, count] = words.subarray(begin);
  const numbers = words.subarray(begin + 2, begin + 2 + count);
  const pages = words.subarray(begin + 2 + count);
  const compare = (/** @type {WebAssembly.Memory} */ fresh) => {
    const missing = 4 * size - fresh.buffer.byteLength;
    if (missing > 0) fresh.grow(missing / 65_536); // Pyodide takes the size for granted (its issue 6254)
    const memory = new Uint32Array(fresh.buffer);
    numbers.forEach((number, at) => {
      for (let word = 0; word < PAGE; word++) pages[at * PAGE + word] ^= memory[number * PAGE + word];
    });
  };
  const fill = (/** @type {Uint32Array} */ memory) => {
    numbers.forEach((number, at) => memory.set(pages.subarray(at * PAGE, (at + 1) * PAGE), number * PAGE));
  };
  return { header: packed.slice(0, words[1]), compare, fill };
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
