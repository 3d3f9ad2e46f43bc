/**
 * Python in a Web Worker: Pyodide, the packages, and bridge.py between the service worker and the applications.
 *
 * From the page, each with a number to answer to: `boot`, `start` and `restart` (server, example, program), `stop` (server),
 * `resumption` (source); and `port`, one to a service worker. To the page: `there`, once; `answer` (call, result or
 * error), `progress` (loaded: bytes so far), `log` (server or null, text).
 */
/* global streamside */
import "./bundle.js";

/** @typedef {{message: string, line: number | undefined} | null} Failure */
/**
 * @typedef {object} Bridge  what `connect` in bridge.py returns
 * @property {(message: object) => void} receive
 * @property {(server: string, example: string, program: string) => Promise<Failure>} start
 * @property {(server: string, example: string, program: string) => Promise<Failure>} restart
 * @property {(server: string) => Promise<Failure>} stop
 * @property {() => void} forget
 * @property {(source: string) => {lastEventId: string, reconnectionTime: number | undefined}} resumption
 */

const LIVE = new URL("./", import.meta.url).href;
/** @type {Record<string, string>} */
const TYPES = { mjs: "text/javascript", wasm: "application/wasm", zip: "application/zip" };

/** @type {Promise<Bridge> | undefined} */
let booting;
/** Ports to service workers, by the first part of their connections' ids. @type {Map<string, MessagePort>} */
const ports = new Map();
let loaded = 0;

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

self.postMessage({ kind: "there" });

/** The bridge to the applications, Python being started when it is first needed. */
function bridge() {
  return (booting ??= boot());
}

/**
 * @param {{kind: string, server: string, example: string, program: string, source: string}} message
 * @returns {Promise<unknown>}
 */
async function perform({ kind, server, example, program, source }) {
  const { start, restart, stop, resumption } = await bridge();
  switch (kind) {
    case "start":
      return start(server, example, program);
    case "restart":
      return restart(server, example, program);
    case "stop":
      return stop(server);
    case "resumption":
      return resumption(source);
    default:
      return undefined; // "boot": done
  }
}

/**
 * A service worker has started: from now on the requests come from there.
 * @param {MessagePort} port
 */
async function connect(port) {
  const { receive, forget } = await bridge();
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

/** @returns {Promise<Bridge>} */
async function boot() {
  const files = new Map(["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "boot.zip"].map((name) => [name, file(name)]));
  // Pyodide fetches by address what is here already, unpacked.
  const network = self.fetch;
  self.fetch = (input, init) => files.get(String(input).slice(LIVE.length)) ?? network(input, init);
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all([
    importFile(files.get("pyodide.mjs")),
    importFile(files.get("pyodide.asm.mjs")),
  ]);
  const python = await loadPyodide({
    indexURL: LIVE,
    stdLibURL: `${LIVE}boot.zip`,
    createPyodideModule,
    lockFileContents: { info: streamside.lock, packages: {} },
  });
  return python.pyimport("bridge").connect(
    post,
    (/** @type {string | undefined} */ server, /** @type {string} */ text) => self.postMessage({ kind: "log", server, text }),
    () => python.FS.writeFile("/lib/rest.zip", fetchNow(streamside.files["rest.zip"])),
  );
}

/**
 * To the service worker that the message's connection belongs to.
 * @param {{id: string, body?: Uint8Array}} message
 */
function post(message) {
  ports.get(life(message))?.postMessage(message, message.body ? [message.body.buffer] : []);
}

/**
 * A packed file of the bundle, unpacked: from the cache, where it stays once it has been fetched.
 * @param {string} name
 * @returns {Promise<Response>}
 */
async function file(name) {
  const url = LIVE + streamside.files[name];
  const cache = await caches.open("streamside").catch(() => undefined); // in a private window there may be none
  const kept = await cache?.match(url);
  if (kept) return kept;
  const packed = await fetch(url);
  if (!packed.ok || !packed.body) throw new Error(`${name} could not be fetched (${packed.status})`);
  const unpacked = packed.body.pipeThrough(counter()).pipeThrough(new DecompressionStream("gzip"));
  const response = new Response(unpacked, { headers: { "content-type": TYPES[/** @type {string} */ (name.split(".").pop())] } });
  cache?.put(url, response.clone()).catch(() => {}); // no room: it is fetched again next time
  return response;
}

/** Tells the page how many bytes have come. */
function counter() {
  return new TransformStream({
    /** @type {(chunk: Uint8Array, controller: TransformStreamDefaultController) => void} */
    transform(chunk, controller) {
      loaded += chunk.length;
      self.postMessage({ kind: "progress", loaded });
      controller.enqueue(chunk);
    },
  });
}

/**
 * @param {Promise<Response> | undefined} response
 * @returns {Promise<any>}
 */
async function importFile(response) {
  const url = URL.createObjectURL(await /** @type {Response} */ (await response).blob());
  return import(url).finally(() => URL.revokeObjectURL(url));
}

/**
 * A file of the bundle while Python waits.
 * @param {string} name
 * @returns {Uint8Array}
 */
function fetchNow(name) {
  const request = new XMLHttpRequest();
  request.open("GET", LIVE + name, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${name} could not be fetched (${request.status})`);
  return new Uint8Array(request.response);
}
