/** Arriving events, told to those who listen to the page instead of looking at it. */

/** @typedef {Pick<import('./wire-view.js').SourceMessage, 'what' | 'type' | 'data'> & {readyState?: number}} Heard */

/** Between two announcements, in milliseconds: what comes meanwhile is told together. */
const PAUSE = 1000;
/** Of an event's data, in characters. */
const LIMIT = 200;
const MARKUP = /<[^>]*>/g;

export class EventVoice {
  on = false;
  /** @type {string[]} */
  #waiting = [];

  /** @param {(sentence: string) => void} say */
  constructor(say) {
    this.say = say;
  }

  /** @param {boolean} on */
  turn(on) {
    this.on = on;
    this.#waiting = [];
    this.say(on ? "Events are announced as they arrive." : "");
  }

  /** @param {Heard} message */
  hear(message) {
    if (!this.on) return;
    if (this.#waiting.push(sentence(message)) === 1) setTimeout(() => this.#tell(), PAUSE);
  }

  #tell() {
    const told = this.#waiting.splice(0);
    if (told.length) this.say(told.length > 1 ? `${told.length} more, the last: ${told.at(-1)}` : told[0]);
  }
}

/** @param {Heard} message */
function sentence({ what, type, data = "", readyState }) {
  if (what === "event") return `${type}: ${data.replace(MARKUP, " ").trim().slice(0, LIMIT)}`;
  if (what === "error") return readyState === 2 ? "error, closed" : "error, connecting again";
  return what === "close" ? "closed by the page" : what;
}
