/** The cable between a server and a page: what is in it comes out as its state lets it. */

/** @typedef {{cut: boolean, delay: number, rate: number, hold: boolean, answer: 503 | 204 | null}} Cable */
/**
 * The beginning of an answer, and all cookies that its visitor has now.
 * @typedef {{status: number, reason: string, headers: [string, string][], cookies: import("../frame/cookies.js").Cookie[]}} Head
 */
/** @typedef {{head?: Head, bytes?: Uint8Array, end?: string | null, arrived: number}} Item */

const HELD = 16_384; // bytes that a buffering proxy holds back

/** Called when any cable has changed, or a connection has ended. @type {Set<() => void>} */
const watchers = new Set();

export function announceChange() {
  for (const look of watchers) look();
  watchers.clear();
}

/**
 * Until any cable has changed, or a connection has ended.
 * @param {AbortSignal} signal  nobody waits any more
 */
export function nextChange(signal) {
  return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
    watchers.add(resolve);
    signal.addEventListener("abort", resolve, { once: true });
  });
}

/** What has come from the server for one connection and is still in the cable. */
export class Transit {
  /** @type {Item[]} */
  #items = [];
  /** When the cable is free again, at a limited rate. */
  #freeAt = 0;
  #state;
  #wake = () => {};

  /** @param {() => Cable} state  what the cable's is now */
  constructor(state) {
    this.#state = state;
  }

  /** @param {Omit<Item, "arrived">} item */
  add(item) {
    this.#items.push({ ...item, arrived: performance.now() });
    this.wake();
  }

  /** The cable has changed, something has come, or the connection is over: look again. */
  wake() {
    this.#wake();
  }

  /**
   * The next thing that comes out.
   * @param {() => boolean} isOver
   * @returns {Promise<Item | undefined>}  undefined if the connection is over
   */
  async take(isOver) {
    while (!isOver()) {
      const pause = this.#pause();
      if (pause <= 0) return this.#next();
      await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
        this.#wake = resolve;
        if (pause < Infinity) setTimeout(resolve, pause);
      });
    }
    return undefined;
  }

  /**
   * More bytes that come out at this moment.
   * @returns {Uint8Array | undefined}
   */
  more() {
    return this.#items[0]?.bytes && this.#pause() <= 0 ? this.#next()?.bytes : undefined;
  }

  /** Milliseconds until the cable lets something through; Infinity if something must change first. */
  #pause() {
    const [first] = this.#items;
    if (!first) return Infinity;
    const { delay, hold } = this.#state();
    if (hold && !this.#isFull()) return Infinity;
    return Math.max(first.arrived + delay, this.#freeAt) - performance.now();
  }

  /** Whether a buffering proxy would let go of what it has: there is enough, or no more to come. */
  #isFull() {
    const size = this.#items.reduce((sum, item) => sum + (item.bytes?.length ?? 0), 0);
    return size >= HELD || this.#items.at(-1)?.end !== undefined;
  }

  /** @returns {Item | undefined} */
  #next() {
    const first = /** @type {Item} */ (this.#items[0]);
    const { rate } = this.#state();
    if (!rate || !first.bytes) return this.#items.shift();
    // A tenth of a second's worth at a time, so that a slow link is seen to be slow rather than late.
    const size = Math.max(1, Math.min(first.bytes.length, Math.floor(rate / 10)));
    this.#freeAt = performance.now() + (1000 * size) / rate;
    const bytes = first.bytes.subarray(0, size);
    first.bytes = first.bytes.subarray(size);
    if (!first.bytes.length) this.#items.shift();
    return { bytes, arrived: first.arrived };
  }
}
