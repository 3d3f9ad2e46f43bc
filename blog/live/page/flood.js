/** Tells a flood from a burst. */

const BURST = 1_000; // ms that a burst may take
const PAUSE = 2_000; // ms that end it

/** Something that happens too often: whoever made this is told, once, when it has gone on for longer than a burst. */
export class Flood {
  #began = 0;
  #last = -Infinity;
  #told = false;

  /** @param {() => void} tell */
  constructor(tell) {
    this.tell = tell;
  }

  /** It has happened. */
  notice(now = performance.now()) {
    if (now - this.#last > PAUSE) this.#began = now;
    this.#last = now;
    if (this.#told || now - this.#began < BURST) return;
    this.#told = true;
    this.tell();
  }
}
