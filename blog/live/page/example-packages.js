/** An example's own packages on their way to Python: fetched once, for all who wait for them and as long as anybody does. */
import { megabytes } from "./megabytes.js";
import { Fetching } from "./python-files.js";
import { StartError, STOPPED } from "./start-error.js";

const STEP = "Fetching the example’s packages";
const BEGIN = 0.9; // of a start
const END = 0.95;

/** @typedef {import("./python.js").OnProgress} OnProgress */

export class ExamplePackages {
  /** @type {Set<OnProgress>} */
  #waiting = new Set();
  /** What they were told last. @type {Parameters<OnProgress>} */
  #progress = [STEP, BEGIN];
  #ending = new AbortController();

  /**
   * @param {{archive: string, size: number}} packages
   * @param {AbortSignal} signal  that the Python that they are for has been ended
   * @param {(archive: ArrayBuffer) => Promise<void>} unpack
   */
  constructor({ archive, size }, signal, unpack) {
    signal.addEventListener("abort", () => this.#ending.abort(signal.reason));
    /** Resolves when Python has them. */
    this.done = this.#fetch(archive, size)
      .then(unpack)
      .catch((error) => {
        this.#ending.abort(error);
        throw new StartError(`The example’s packages: ${error instanceof Error ? error.message : error}`);
      });
    this.done.catch(() => {}); // told by who waits
  }

  /** Whether they will not come. */
  get isGivenUp() {
    return this.#ending.signal.aborted;
  }

  /**
   * Resolves when Python has them.
   * @param {OnProgress} onprogress
   * @param {AbortSignal} [signal]  when nobody waits any more, the fetching is given up
   */
  async wait(onprogress, signal) {
    const stopped = new Promise((_, reject) => {
      const stop = () => reject(new StartError(STOPPED));
      if (signal?.aborted) stop();
      signal?.addEventListener("abort", stop);
    });
    this.#waiting.add(onprogress);
    onprogress(...this.#progress);
    try {
      await Promise.race([this.done, stopped]);
    } finally {
      this.#waiting.delete(onprogress);
      if (signal?.aborted && !this.#waiting.size) this.#ending.abort(new StartError(STOPPED));
    }
  }

  /**
   * @param {string} archive
   * @param {number} size
   */
  async #fetch(archive, size) {
    const fetching = new Fetching((loaded) => this.#tell(loaded, size), this.#ending.signal, { [archive]: size });
    fetching.ask();
    return fetching.packages(archive);
  }

  /**
   * @param {number} loaded  bytes
   * @param {number} size
   */
  #tell(loaded, size) {
    this.#progress = [STEP, BEGIN + ((END - BEGIN) * loaded) / size, megabytes(loaded, size)];
    for (const tell of this.#waiting) tell(...this.#progress);
  }
}
