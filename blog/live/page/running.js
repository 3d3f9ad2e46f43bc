/** One server in this page: its wire, its cable, what it prints. */
import { after } from "./after.js";
import { EventStreams } from "./event-stream.js";
import { Fetches } from "./fetches.js";
import { Flood } from "./flood.js";
import { PATIENCE, python } from "./python.js";
import { serviceWorkerLink } from "./service-worker-link.js";
import { servers, stops, TAB } from "./servers.js";
import { UnheardEvents } from "./unheard-events.js";

const SITE = new URL("../../", import.meta.url).href;
const PRINTS_TOO_MUCH = "The program prints more than this page can show: of its lines the newest are kept.";
const SENDS_TOO_MUCH = "The program sends faster than this page can show: it is made to wait, as by any slow reader.";
const CHECKING = 2_000; // ms for Python to hold what was seen against a task
const BUSY = "The program keeps Python to itself: somewhere it needs an await.";
const ENDED = "Python was busy when the program was stopped: wait until it is ready.";

/** @typedef {{cut: boolean, delay: number, rate: number, hold: boolean, answer: 503 | 204 | null}} CableState */
/** @typedef {Record<string, any> & {kind: "waiting" | "request" | "response" | "chunk" | "frame" | "end" | "source" | "fetch" | "crowded", time: number}} WireMessage */
/** @typedef {import("./example-program.js").Program} Program */
/**
 * @typedef {object} Listeners
 * @property {(lines: string) => void} onprint  what Python prints, from the program's first line on
 * @property {(sentence: string) => void} onflood  that it does more than the page can show, once of each kind
 */

let serverCount = 0;

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
  #fetches = new Fetches();
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
   * @param {Listeners} listeners
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
    const none = () => (this.#stopped ? ENDED : BUSY);
    return Promise.race([answer, after(CHECKING).then(none)]).catch(none);
  }

  get cableState() {
    return this.#state;
  }

  /** Start the application. Rejects with `StartError`. */
  async begin() {
    servers.set(this.name, this);
    try {
      const started = python.attempt("start", { server: this.name, example: this.#example, ...this.#program });
      await Promise.all([started, this.#change({})]);
    } catch (error) {
      servers.delete(this.name);
      const why = "The server did not start.";
      void serviceWorkerLink.tell({ kind: "cable", tab: TAB, server: this.name, cable: null, why });
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
    const told = serviceWorkerLink.tell({
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
    await serviceWorkerLink.tell({ kind: "cable", tab: TAB, server: this.name, cable: this.#state });
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
      const known = this.#fetches.complete(message);
      if (known) for (const each of this.#unheard.complete(this.#streams.read(known))) this.#tell(each);
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
