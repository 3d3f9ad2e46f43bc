/**
 * What a tab is told of its wires: no more at a time than it can draw, so that nothing piles up before it. Bytes go on to the page
 * only when they have been told: a page that cannot follow makes its server wait, as any slow reader does.
 */

const WINDOW = 64; // entries that a tab may have yet to draw
const PATIENCE = 1_000; // ms after which they count as drawn: a page that is not shown has slow timers

/** @typedef {{server: string, message: object}} Entry */

export class Account {
  /** @type {Entry[]} what has not been told */
  #waiting = [];
  /** How many entries were told, and how many of them have been drawn. */
  #told = 0;
  #drawn = 0;
  /** Called when what waits now has been told. @type {(() => void)[]} */
  #listeners = [];

  /** @param {(message: object) => void} post  to the tab */
  constructor(post) {
    this.post = post;
  }

  /**
   * @param {string} server
   * @param {object} message  for the wire's view
   */
  add(server, message) {
    const time = performance.timeOrigin + performance.now();
    this.#waiting.push({ server, message: { ...message, time } });
    if (this.#waiting.length === 1) queueMicrotask(() => this.#sendIfDrawn()); // with all that is added until then
  }

  /** Resolves when all that was added has been told. */
  async told() {
    if (!this.#waiting.length) return;
    await new Promise((/** @type {(value?: undefined) => void} */ told) => this.#listeners.push(told));
  }

  /**
   * The tab has drawn so many entries.
   * @param {number} count
   */
  drawn(count) {
    this.#drawn = Math.max(this.#drawn, count);
    this.#sendIfDrawn();
  }

  #sendIfDrawn() {
    if (this.#told - this.#drawn < WINDOW) this.send();
  }

  /** Tell now what waits, however much is to be drawn. */
  send() {
    if (!this.#waiting.length) return;
    const entries = this.#waiting.splice(0);
    const count = (this.#told += entries.length);
    this.post({ kind: "wire", entries, count });
    setTimeout(() => this.drawn(count), PATIENCE);
    for (const told of this.#listeners.splice(0)) told();
  }
}
