/**
 * Runs examples: Python in one worker for the whole page, the service worker between it and the frames.
 *
 *     const running = await start("basic_stream", {});
 *     frame.src = running.url;
 *
 * A `Running` tells what goes over its wire (`wire`: a WireMessage), and that it was ended from elsewhere (`ended`:
 * `{why}`): by the page's leaving, or with another example that would not stop.
 */
/* global streamside */
import "../bundle.js";
import { fetchAssets } from "./assets-ahead.js";
import { address, Fetching } from "./python-files.js";
import { missingSource } from "./content-security.js";
import { EventStreams } from "./event-stream.js";
import { fetchProgram } from "./example-program.js";
import { Flood } from "./flood.js";
import { UnheardEvents } from "./unheard-events.js";

const SITE = new URL("../../", import.meta.url).href;
const TAB = `tab-${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
const PING = 15_000; // ms; Firefox stops a service worker after 30 s, whatever streams it has
const PATIENCE = 1_500; // ms for Python to stop a server before Python itself is ended
const DEAF = 350; // ms without a sign of Python after which it does not listen
const TAKE_TIME = ["unpack", "start", "restart"]; // of what Python is asked for
const LOADING = 5_000; // ms for the worker's script to come
const ATTEMPTS = 3;
const SETTLE = 25; // ms by which a page's account waits, so that bytes are told before what was made of them
const UNDRAWN = 100; // ms after which is taken for drawn what is not: a page that is not shown draws no frames
const SLOW = 50; // ms for which a page that draws cannot do what its reader wants
const UNUSED = 600_000; // ms for which Python is kept while no server runs
const UNSEEN = 60_000; // ms for which, in a page that is not shown
const STOPPED = "It was stopped.";
const REFUSED = "This browser does not let this page have a service worker; Python in the page needs one.";
const PRINTS_TOO_MUCH = "The program prints more than this page can show: of its lines the newest are kept.";
const SENDS_TOO_MUCH = "The program sends faster than this page can show: it is made to wait, as by any slow reader.";
const CHECKING = 2_000; // ms for Python to hold what was seen against a task
const BUSY = "The program keeps Python to itself: somewhere it needs an await.";

/** @typedef {{cut: boolean, delay: number, rate: number, hold: boolean, answer: 503 | 204 | null}} CableState */
/** @typedef {Record<string, any> & {kind: "waiting" | "request" | "response" | "chunk" | "frame" | "end" | "source" | "crowded", time: number}} WireMessage */
/** @typedef {import("./example-program.js").Program} Program */
/** @typedef {(step: string, fraction: number, amount?: string) => void} OnProgress  `amount` is what has been fetched, in words */
/**
 * @typedef {object} Options
 * @property {boolean} [isFolder]  the example has several files
 * @property {Record<string, string>} [files]  those to run instead of the example's own
 * @property {string} [path]  what the frame is to show
 * @property {Partial<CableState>} [cable]  the cable's state from the first request on
 * @property {OnProgress} [onprogress]
 * @property {(lines: string) => void} [onprint]  what Python prints, from the program's first line on
 * @property {(sentence: string) => void} [onflood]  that it does more than the page can show, once of each kind
 * @property {AbortSignal} [signal]  gives up while it is starting; a program that does not let go is ended
 */

/** The example cannot run: a sentence for the reader, and the line and the file of its program where they are known. */
export class StartError extends Error {
  /**
   * @param {string} message
   * @param {number} [line]
   * @param {string} [file]
   */
  constructor(message, line, file) {
    super(message);
    this.name = "StartError";
    this.line = line;
    this.file = file;
  }
}

/** No example can run in this page, whatever its program. */
export class Obstacle extends StartError {
  name = "Obstacle";
}

/**
 * Why Python cannot run in this page, in one sentence; null if it can.
 * @returns {Promise<string | null>}
 */
export async function obstacle() {
  if (location.protocol === "file:")
    return "This page was opened as a file; Python runs in it when it comes from a web server.";
  if (!isSecureContext) return "Browsers run Python in a page only over HTTPS, or from this very machine.";
  if (!("serviceWorker" in navigator))
    return "This browser, or this private window, has no service workers; Python in the page needs one.";
  if (typeof DecompressionStream === "undefined" || typeof WebAssembly !== "object" || !("Tag" in WebAssembly)) {
    return "This browser is too old to run Python in the page.";
  }
  try {
    await navigator.serviceWorker.getRegistration(SITE);
  } catch {
    return REFUSED;
  }
  const missing = await missingSource();
  return (
    missing &&
    `The Content-Security-Policy of this page’s host has no ${missing} in script-src; Python in the page needs it.`
  );
}

/**
 * Serve an example, or an edited version of it (`files`).
 * @param {string} example  its name, such as "basic_stream"
 * @param {Options} [options]
 * @returns {Promise<Running>}  rejects with `StartError`
 */
export async function start(example, options = {}) {
  const {
    isFolder = false,
    files,
    path = "/",
    cable = {},
    onprogress = () => {},
    onprint = () => {},
    onflood = () => {},
    signal,
  } = options;
  const reason = await obstacle();
  if (reason) throw new Obstacle(reason);
  await Promise.all(stops); // of which one may yet end Python
  if (signal?.aborted) throw new StartError(STOPPED);
  const fetching = programOf(example, isFolder, files);
  const unpacking = fetching.then(({ packages }) => packages && python.unpack(example, packages));
  unpacking.catch(() => {}); // told below, if Python has started
  const [program] = await Promise.all([fetching, python.boot(onprogress, signal), connection.ready()]);
  if (program.packages) onprogress("Fetching the example’s packages", 0.9);
  await unpacking;
  if (signal?.aborted) throw new StartError(STOPPED);
  onprogress("Starting the server", 0.95);
  const running = new Running(example, program, path, cable, { onprint, onflood });
  const giveUp = () => void running.stop();
  signal?.addEventListener("abort", giveUp);
  await running.begin().finally(() => signal?.removeEventListener("abort", giveUp));
  connection.keepForNextVisit();
  onprogress("Running", 1);
  return running;
}

/**
 * @param {string} example
 * @param {boolean} isFolder
 * @param {Record<string, string>} [files]  instead of its own
 * @returns {Promise<Program>}
 */
async function programOf(example, isFolder, files) {
  if (files && !isFolder) return { files, environment: {} };
  try {
    const program = ahead.get(example) ?? (await fetchProgram(example, isFolder));
    return { ...program, files: files ?? program.files };
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Start Python ahead, and fetch what the example is made of, so that `start` has only the program to run. Nothing of it
 * shows, and what fails is told by `start`.
 * @param {string} example
 * @param {boolean} [isFolder]
 */
export async function prepare(example, isFolder = false) {
  if (python.prepared.has(example) || hasFailedAhead || (await obstacle())) return;
  python.prepared.add(example);
  try {
    await Promise.all([python.bootAhead(), connection.ready()]);
    if (!servers.size) python.ask("import", {}).catch(() => {}); // it was ended
    const program = await fetchProgram(example, isFolder);
    ahead.set(example, program);
    await Promise.all([program.packages && python.unpack(example, program.packages), fetchAssets(program.files)]);
  } catch {
    hasFailedAhead = true;
  }
}

let hasFailedAhead = false;
/** Programs that have been fetched ahead. @type {Map<string, Program>} */
const ahead = new Map();

/** The servers of this page, by name. @type {Map<string, Running>} */
const servers = new Map();
let serverCount = 0;
/** Those that are under way. @type {Set<Promise<void>>} */
const stops = new Set();

/** A server in this page. */
export class Running extends EventTarget {
  #example;
  #program;
  #began = performance.timeOrigin + performance.now();
  /** @type {CableState} */
  #state = { cut: false, delay: 0, rate: 0, hold: false, answer: null };
  /** Numbers for the wire's view, by the ids of connections and of event sources. @type {Map<string, number>} */
  #connections = new Map();
  /** @type {Map<string, number>} */
  #sources = new Map();
  #streams = new EventStreams();
  #unheard = new UnheardEvents();
  /** When event sources lost their connections. @type {Map<string, number>} */
  #lost = new Map();
  /** Messages are told in the order in which they came. */
  #telling = Promise.resolve();
  /** @type {Promise<void> | undefined} */
  #stopped;

  /**
   * @param {string} example
   * @param {Program} program
   * @param {string} path
   * @param {Partial<CableState>} cable
   * @param {Required<Pick<Options, "onprint" | "onflood">>} listeners
   */
  constructor(example, program, path, cable, { onprint, onflood }) {
    super();
    this.#example = example;
    this.#program = { files: program.files, environment: program.environment };
    Object.assign(this.#state, cable);
    this.onprint = onprint;
    this.prints = new Flood(() => onflood(PRINTS_TOO_MUCH));
    this.sends = new Flood(() => onflood(SENDS_TOO_MUCH));
    this.name = `${example}-${++serverCount}`;
    this.path = path.startsWith("/") ? path : `/${path}`;
    this.url = `${SITE}live/${TAB}/${this.name}${this.path}`;
    this.cable = {
      cut: () => this.#change({ cut: true }),
      mend: () => this.#change({ cut: false }),
      /** @param {number} delay  ms, 0: none */
      delay: (delay) => this.#change({ delay }),
      /** @param {number} rate  bytes per second, 0: no limit */
      rate: (rate) => this.#change({ rate }),
      /** @param {boolean} hold */
      hold: (hold) => this.#change({ hold }),
      /** @param {503 | 204} answer */
      answer: (answer) => this.#change({ answer }),
      restart: () => this.#restart(),
    };
  }

  /**
   * Where another reader finds the app.
   * @param {number} reader  from 2 to 9
   * @param {number} jar  whose cookies: the number of the reader itself, or 1
   */
  urlFor(reader, jar) {
    return `${SITE}live/${TAB}/${this.name}~${reader}~${jar}${this.path}`;
  }

  /** Milliseconds since it began, as its messages have them. */
  get now() {
    return performance.timeOrigin + performance.now() - this.#began;
  }

  /**
   * What is missing in what was seen for a task to be solved, in one sentence; empty if nothing is.
   * @param {string} see  the task's statements, as JSON
   * @param {object[]} messages  what was seen
   * @returns {Promise<string>}
   */
  check(see, messages) {
    const answer = python.ask("check", { see, messages, now: this.now });
    return Promise.race([answer, after(CHECKING).then(() => BUSY)]).catch(() => BUSY);
  }

  get cableState() {
    return this.#state;
  }

  /** Start the application. Rejects with `StartError`. */
  async begin() {
    servers.set(this.name, this);
    try {
      await python.attempt("start", { server: this.name, example: this.#example, ...this.#program });
      await this.#change({});
    } catch (error) {
      servers.delete(this.name);
      throw error;
    }
  }

  /** End it: its streams, its application, started or not; Python itself if it does not listen. */
  stop() {
    if (!this.#stopped) {
      const stopped = (this.#stopped = this.#stop());
      stops.add(stopped);
      stopped.finally(() => stops.delete(stopped));
    }
    return this.#stopped;
  }

  async #stop() {
    if (!servers.has(this.name)) return;
    const told = connection.tell({
      kind: "cable",
      tab: TAB,
      server: this.name,
      cable: null,
      why: "The server was stopped.",
    });
    const over = () => true; // also if Python has been ended meanwhile
    const stopping = python.attempt("stop", { server: this.name }).then(over, over);
    const stopped = (await python.listens(this.name)) && (await Promise.race([stopping, after(PATIENCE)]));
    if (stopped) await told; // and with it we, of how its connections ended
    servers.delete(this.name);
    if (stopped) return;
    python.end("Python did not stop and was ended.");
    python.bootAhead().catch(() => {}); // the next run finds it started; if it does not start, that run tells
  }

  async #restart() {
    await python.attempt("restart", { server: this.name, example: this.#example, ...this.#program });
  }

  /** @param {Partial<CableState>} change */
  async #change(change) {
    Object.assign(this.#state, change);
    await connection.tell({ kind: "cable", tab: TAB, server: this.name, cable: this.#state });
  }

  /**
   * It was ended without `stop`.
   * @param {string} why
   */
  ended(why) {
    servers.delete(this.name);
    this.dispatchEvent(new CustomEvent("ended", { detail: { why } }));
  }

  /** The preset answer was given. */
  answered() {
    this.#state.answer = null;
  }

  /**
   * @param {string} lines
   * @param {boolean} late  they had to wait
   */
  print(lines, late) {
    if (late) this.prints.notice();
    this.onprint(lines);
  }

  /**
   * Tell what went over the wire, or what the browser made of it.
   * @param {WireMessage} message  with ids and the time since 1970, as the service worker and the probe give them
   */
  wire(message) {
    if (this.#stopped && message.what === "error") return; // the page goes because its reader has stopped it
    if (message.kind === "crowded") {
      this.sends.notice();
      return;
    }
    this.#telling = this.#telling.then(async () => {
      if (message.kind === "source" && message.what === "error") await this.#addReconnect(message);
      if ((message.kind === "waiting" || message.kind === "request") && message.source) this.#measureReconnect(message);
      for (const each of this.#unheard.complete(this.#streams.read(message))) this.#tell(each);
    });
  }

  /**
   * A page has begun to listen to events of a type.
   * @param {WireMessage} message
   */
  listens({ source, type }) {
    this.#unheard.listens(source, type);
  }

  /** @param {WireMessage} message */
  #tell(message) {
    /** @type {WireMessage} */
    const detail = { ...message, time: message.time - this.#began };
    if (message.connection) detail.connection = numbered(this.#connections, message.connection);
    if (message.source) detail.source = numbered(this.#sources, message.source);
    this.dispatchEvent(new CustomEvent("wire", { detail }));
  }

  /**
   * A lost connection: when the browser will try again, and what it will say.
   * @param {WireMessage} message
   */
  async #addReconnect(message) {
    if (message.readyState !== EventSource.CONNECTING) return;
    this.#lost.set(message.source, message.time);
    const known = await python.resumption(message.source);
    message.retryIn = known?.reconnectionTime ?? reconnectionTime;
    if (known?.lastEventId) message.willSend = known.lastEventId;
  }

  /**
   * The browser's own reconnection time cannot be asked for; it shows when a reconnect comes.
   * @param {WireMessage} message
   */
  async #measureReconnect({ source, time }) {
    const lost = this.#lost.get(source);
    this.#lost.delete(source);
    if (lost === undefined) return;
    const known = await python.resumption(source);
    if (known && known.reconnectionTime === undefined) reconnectionTime = Math.round((time - lost) / 500) * 500;
  }
}

/** This browser's, in milliseconds: once it was measured. @type {number | undefined} */
let reconnectionTime;

/**
 * @param {Map<string, number>} numbers
 * @param {string} id
 */
function numbered(numbers, id) {
  const number = numbers.get(id) ?? numbers.size + 1;
  numbers.set(id, number);
  return number;
}

/**
 * @param {number} time  ms
 * @returns {Promise<undefined>}
 */
function after(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/**
 * @param {number} loaded  bytes
 * @param {number} [size]
 */
function amount(loaded, size) {
  const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
  return size ? `${megabytes(loaded)} of ${megabytes(size)} MB` : `${megabytes(loaded)} MB`;
}

/** Python in its worker: one for the page, made when the first example starts and again after it had to be ended. */
const python = {
  /** @type {Promise<Worker> | undefined} */
  worker: undefined,
  /** @type {Promise<unknown> | undefined} */
  booted: undefined,
  /** While it fetches and boots. @type {Fetching | undefined} */
  fetching: undefined,
  /** Aborted when this Python is ended. */
  ending: new AbortController(),
  /**
   * What it was asked for and has not answered.
   * @type {Map<number, {kind: string, server?: string, resolve: (result: any) => void, reject: (error: Error) => void}>}
   */
  calls: new Map(),
  callCount: 0,
  /** The examples for which it was started ahead. @type {Set<string>} */
  prepared: new Set(),
  /** What this Python has of examples' own packages. @type {Map<string, Promise<void>>} */
  unpacked: new Map(),
  /** Those who wait for it to have booted. @type {Set<OnProgress>} */
  waiting: new Set(),
  /** What they were told last. @type {Parameters<OnProgress>} */
  progress: ["Fetching Python", 0],

  /**
   * @param {OnProgress} onprogress
   * @param {AbortSignal} [signal]  when nobody waits any more, what is under way is given up
   */
  async boot(onprogress, signal) {
    const booted = this.bootAhead();
    if (this.fetching) onprogress(...this.progress);
    this.fetching?.ask();
    const giveUp = () => this.waiting.delete(onprogress) && !this.waiting.size && this.end(STOPPED);
    this.waiting.add(onprogress);
    signal?.addEventListener("abort", giveUp);
    try {
      await booted;
    } catch (error) {
      if (signal?.aborted) throw new StartError(STOPPED);
      throw new StartError(`Python did not start: ${error instanceof Error ? error.message : error}`);
    } finally {
      signal?.removeEventListener("abort", giveUp);
      this.waiting.delete(onprogress);
    }
  },

  /** Boot it, unless that has begun; who waits for it asks for it. */
  async bootAhead() {
    const booted = (this.booted ??= this.fetchAndBoot());
    endUnused();
    try {
      await booted;
    } catch (error) {
      if (this.booted === booted) this.end(String(error));
      throw error;
    }
  },

  async fetchAndBoot() {
    const { signal } = this.ending;
    this.tell("Fetching Python", 0);
    const fetching = new Fetching((loaded, size, isSizeKnown) => {
      this.tell("Fetching Python", (0.7 * loaded) / size, amount(loaded, isSizeKnown ? size : undefined));
    }, signal);
    this.fetching = fetching;
    this.start().catch(() => {}); // its script comes meanwhile; that it does not is told by `ask`
    const scripts = fetching.scripts().then((urls) => this.ask("scripts", { urls }));
    const [files] = await Promise.all([fetching.files(), scripts]);
    signal.throwIfAborted();
    this.tell("Starting Python", 0.7);
    const content = files.snapshot ?? files.archive;
    await this.ask("boot", { ...files, lock: streamside.lock, rest: address("all.zip") }, content ? [content] : []);
    this.fetching = undefined;
  },

  /** @type {OnProgress} */
  tell(...progress) {
    this.progress = progress;
    for (const tell of this.waiting) tell(...progress);
  },

  /**
   * @param {string} kind
   * @param {{server?: string, [more: string]: unknown}} message
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  ask(kind, message, transfer = []) {
    const call = ++this.callCount;
    return new Promise((resolve, reject) => {
      this.calls.set(call, { kind, server: message.server, resolve, reject });
      this.start().then((worker) => worker.postMessage({ kind, call, ...message }, transfer), reject);
    });
  },

  /**
   * Ask for what can fail because of the example. Rejects with `StartError`.
   * @param {"start" | "restart" | "stop"} kind
   * @param {{server: string, [more: string]: unknown}} message
   */
  async attempt(kind, message) {
    const failure = await this.ask(kind, message);
    if (failure) throw new StartError(failure.message, failure.line, failure.file);
  },

  /**
   * Give this Python an example's own packages, once.
   * @param {string} example
   * @param {NonNullable<Program["packages"]>} packages
   */
  unpack(example, packages) {
    const known = this.unpacked.get(example) ?? this.fetchAndUnpack(example, packages);
    this.unpacked.set(example, known);
    return known;
  },

  /**
   * @param {string} example
   * @param {NonNullable<Program["packages"]>} packages
   */
  async fetchAndUnpack(example, { archive, size, rest }) {
    const { unpacked } = this;
    try {
      const fetching = new Fetching(() => {}, this.ending.signal, { [archive]: size });
      fetching.ask();
      const content = await fetching.packages(archive);
      await this.ask("unpack", { example, archive: content, rest: `${SITE}live/${rest}` }, [content]);
    } catch (error) {
      unpacked.delete(example); // the next attempt may get them
      throw new StartError(`The example’s packages: ${error instanceof Error ? error.message : error}`);
    }
  },

  /**
   * Whether a server could be stopped, for Python does one thing after the other. To start another one takes its time; a
   * program that runs should let go often.
   * @param {string} server
   */
  listens(server) {
    const isBusy = [...this.calls.values()].some((each) => TAKE_TIME.includes(each.kind) && each.server !== server);
    const heard = this.ask("listen", {}).then(
      () => true,
      () => true,
    );
    return Promise.race([heard, after(isBusy ? PATIENCE : DEAF)]);
  },

  /**
   * What an event source has heard; undefined if Python does not answer.
   * @param {string} source
   * @returns {Promise<{lastEventId: string, reconnectionTime: number | undefined} | undefined>}
   */
  resumption(source) {
    return Promise.race([this.ask("resumption", { source }), after(PATIENCE)]).catch(() => undefined);
  },

  /** The worker, made when it is first needed. */
  start() {
    return (this.worker ??= this.load());
  },

  /**
   * A worker that has said that it is there. When a new service worker replaces the old one, Chromium can lose the
   * request for a worker's script: neither the worker nor an error ever comes.
   * @returns {Promise<Worker>}
   */
  async load() {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const worker = new Worker(new URL("../python/python-worker.js", import.meta.url), {
        type: "module",
        name: "Python",
      });
      const there = new Promise((resolve) => {
        worker.onmessage = () => resolve(true);
        worker.onerror = () => resolve(false);
      });
      if (await Promise.race([there, after(LOADING)])) {
        worker.onmessage = ({ data }) => this.hear(data);
        worker.onerror = ({ message }) => this.end(`Python's worker failed: ${message}`);
        return worker;
      }
      worker.terminate();
    }
    throw new StartError("Python's worker could not be loaded.");
  },

  /** @param {any} message */
  hear({ kind, call, result, error, server, text, late }) {
    if (kind === "answer") {
      const waiting = this.calls.get(call);
      this.calls.delete(call);
      if (error) waiting?.reject(new StartError(error));
      else waiting?.resolve(result);
    } else if (kind === "log") {
      for (const running of server ? [servers.get(server)] : servers.values()) running?.print(text, late);
    }
  },

  /**
   * End the worker, whatever it is doing, and with it all servers of the page.
   * @param {string} why
   */
  end(why) {
    this.worker?.then((worker) => worker.terminate()).catch(() => {});
    this.worker = this.booted = this.fetching = undefined;
    this.prepared.clear();
    this.unpacked = new Map();
    this.ending.abort(new StartError(why));
    this.ending = new AbortController();
    for (const { reject } of this.calls.values()) reject(new StartError(why));
    this.calls.clear();
    connection.end(why);
    for (const running of [...servers.values()]) running.ended(why);
  },
};

/** The way to the service worker. */
const connection = {
  /** @type {Promise<ServiceWorkerRegistration> | undefined} */
  registered: undefined,
  /** @type {ServiceWorker | null} */
  worker: null,
  /** @type {ReturnType<typeof setInterval> | undefined} */
  pings: undefined,
  /** @type {Map<number, () => void>} */
  calls: new Map(),
  callCount: 0,

  /** Resolves when there is a service worker that frames will be answered by. */
  async ready() {
    this.registered ??= this.register();
    try {
      await this.registered;
    } catch {
      this.registered = undefined;
      throw new Obstacle(REFUSED);
    }
    const worker = await this.active();
    if (this.worker !== worker) this.introduce(worker);
    this.pings ??= setInterval(() => servers.size && this.tell({ kind: "ping" }), PING);
  },

  /** The registration; if there is one, browsers look for a newer script by themselves, and `register` would wait for them. */
  async register() {
    const known = await navigator.serviceWorker.getRegistration(SITE);
    if (known?.active && known.scope === SITE) return known;
    return navigator.serviceWorker.register(`${SITE}service-worker.js`, { scope: SITE, updateViaCache: "none" });
  },

  /** The service worker that answers new frames: the active one, or the first that becomes so. */
  async active() {
    const registration = /** @type {ServiceWorkerRegistration} */ (await this.registered);
    const coming = registration.installing ?? registration.waiting;
    while (coming && !registration.active) {
      await new Promise((resolve) => coming.addEventListener("statechange", resolve, { once: true }));
      if (coming.state === "redundant") throw new StartError("The browser could not install the service worker.");
    }
    return registration.active;
  },

  /** @param {ServiceWorker | null} worker */
  introduce(worker) {
    this.worker = worker;
    const { port1, port2 } = new MessageChannel();
    const cables = Object.fromEntries([...servers.values()].map((running) => [running.name, running.cableState]));
    python
      .start()
      .then((python) => python.postMessage({ kind: "port" }, [port2]))
      .catch(() => {}); // told by who asks Python
    worker?.postMessage({ kind: "tab", tab: TAB, cables }, [port1]);
  },

  /**
   * Resolves when the service worker has acted on it, and its account of that has come: messages to it and requests come in
   * no order.
   * @param {object} message
   */
  async tell(message) {
    const call = ++this.callCount;
    const heard = new Promise((/** @type {(value?: undefined) => void} */ resolve) => this.calls.set(call, resolve));
    this.worker?.postMessage({ ...message, call });
    await Promise.race([heard, after(PATIENCE)]);
    this.calls.delete(call);
  },

  /** Have what this page was made of kept, so that the next visit needs no network. */
  keepForNextVisit() {
    const urls = [location.href, ...performance.getEntriesByType("resource").map((entry) => entry.name)];
    const { connection: network } = /** @type {{connection?: {saveData: boolean}}} */ (navigator); // not in all browsers
    if (!network?.saveData) urls.push(address("started.bin"));
    this.tell({ kind: "keep", urls });
  },

  /** @param {string} why */
  end(why) {
    this.tell({ kind: "gone", tab: TAB, why });
    this.worker = null; // Python's next worker is to be introduced
  },
};

navigator.serviceWorker?.addEventListener("message", ({ data, source }) => {
  if (data.kind === "tab?" && data.tab === TAB && servers.size)
    connection.introduce(/** @type {ServiceWorker} */ (source));
  else if (data.kind === "wire") drawBatch(data, /** @type {ServiceWorker} */ (source));
  else if (data.kind === "heard") connection.calls.get(data.call)?.();
  else if (data.kind === "answered") servers.get(data.server)?.answered();
});
navigator.serviceWorker?.startMessages(); // or what is told before the page has loaded would wait

new BroadcastChannel(`streamside-${TAB}`).addEventListener("message", ({ data }) => {
  for (const { server, ...message } of data) {
    if (message.what === "listens") servers.get(server)?.listens(message);
    else setTimeout(() => servers.get(server)?.wire(message), SETTLE);
  }
});

/**
 * More comes when this has been drawn.
 * @param {{count: number, entries: {server: string, message: WireMessage}[]}} batch
 * @param {ServiceWorker} from
 */
async function drawBatch({ count, entries }, from) {
  for (const { server, message } of entries) servers.get(server)?.wire(message);
  const began = performance.now();
  await Promise.race([new Promise(requestAnimationFrame).then(() => after(0)), after(UNDRAWN)]);
  const took = performance.now() - began;
  if (took > SLOW) await after(took); // half of the time is the reader's, who may want to press Stop
  from.postMessage({ kind: "drawn", tab: TAB, count });
}

addEventListener("pagehide", () => python.booted && python.end("The page was left."));
document.addEventListener("visibilitychange", endUnused);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let unused;

/** End Python when nobody has used it for long: it takes a hundred megabytes. */
function endUnused() {
  const isUnused = () => python.booted && !servers.size && !python.waiting.size;
  clearTimeout(unused);
  unused = setTimeout(() => isUnused() && python.end("Nobody used it."), document.hidden ? UNSEEN : UNUSED);
}
