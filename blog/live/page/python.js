/** Python in a worker, which all servers of the page share. */
/* global streamside */
import "../bundle.js";
import { after } from "./after.js";
import { ExamplePackages } from "./example-packages.js";
import { megabytes } from "./megabytes.js";
import { address, Fetching } from "./python-files.js";
import { StartError, STOPPED } from "./start-error.js";

const SITE = new URL("../../", import.meta.url).href;
export const PATIENCE = 1_500; // ms for Python to do what should take none
const DEAF = 350; // ms without a sign of Python after which it does not listen
const TAKE_TIME = ["unpack", "start", "restart"]; // of what Python is asked for
const LOADING = 5_000; // ms for the worker's script to come
const ATTEMPTS = 3;

/** @typedef {import("./example-program.js").Program} Program */
/** @typedef {(step: string, fraction: number, amount?: string) => void} OnProgress  `amount` is what has been fetched, in words */

/** Python in its worker: one for the page, made when the first example starts and again after it had to be ended. */
export const python = {
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
  /** What this Python has, or is to have, of examples' own packages. @type {Map<string, ExamplePackages>} */
  given: new Map(),
  /** Those who wait for it to have booted. @type {Set<OnProgress>} */
  waiting: new Set(),
  /** What they were told last. @type {Parameters<OnProgress>} */
  progress: ["Fetching Python", 0],
  /** Called when it has been ended. @type {(why: string) => void} */
  onend: () => {},
  /** Called with what it prints; of which server, if that is known. @type {(server: string | undefined, lines: string, late: boolean) => void} */
  onprint: () => {},
  /** Called when it is used, for it or ahead. */
  onuse: () => {},

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
    this.onuse();
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
      this.tell("Fetching Python", (0.7 * loaded) / size, megabytes(loaded, isSizeKnown ? size : undefined));
    }, signal);
    this.fetching = fetching;
    const worker = this.start(); // its script comes meanwhile
    const give = (
      /** @type {string} */ kind,
      /** @type {Record<string, unknown>} */ message,
      /** @type {Transferable[]} */ ...transfer
    ) => {
      signal.throwIfAborted(); // or it would be given to another worker
      return this.ask(kind, message, transfer);
    };
    const { lock, memory: size } = streamside;
    const boot = { size, lock, rest: address("all.zip") };
    const scripts = fetching.scripts(worker);
    const { module, isSnapshot, memory } = fetching.files();
    await Promise.all([
      scripts.then((urls) => give("scripts", { urls })),
      Promise.all([isSnapshot, scripts]).then(([isSnapshot]) => give("boot", { ...boot, isSnapshot })),
      module.then((module) => give("module", { module })),
      memory.then((memory) => give("memory", { memory }, memory)),
      Promise.all([module, memory]).then(() => this.tell("Starting Python", 0.7)),
    ]);
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
   * Whether the site has packages that are only this example's.
   * @param {string} example
   */
  hasApart: (example) => streamside.apart.includes(example),

  /**
   * An example's own packages, which this Python is given once.
   * @param {string} example
   * @param {NonNullable<Program["packages"]>} packages
   */
  packages(example, packages) {
    const known = this.given.get(example);
    if (known && !known.isGivenUp) return known;
    const rest = `${SITE}live/${packages.rest}`;
    const given = new ExamplePackages(packages, this.ending.signal, (archive) =>
      this.ask("unpack", { example, archive, rest }, [archive]),
    );
    this.given.set(example, given);
    return given;
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
      this.onprint(server, text, late);
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
    this.given.clear();
    this.ending.abort(new StartError(why));
    this.ending = new AbortController();
    for (const { reject } of this.calls.values()) reject(new StartError(why));
    this.calls.clear();
    this.onend(why);
  },
};
