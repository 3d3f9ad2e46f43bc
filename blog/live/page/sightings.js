/** What was seen of one run: all that its Wire told, what Python printed, what the app showed. */

const LIMIT = 5_000; // messages; nobody solves a task with more
const PAUSE = 200; // ms between two looks at the app

/** @typedef {import("./running.js").Running} Running */

export class Sightings {
  /** @type {Record<string, any>[]} */
  #messages = [];
  #shown = "";
  #watching;

  /**
   * @param {Running} running
   * @param {HTMLElement} live  whose App pane shows it
   */
  constructor(running, live) {
    this.running = running;
    this.live = live;
    running.addEventListener("wire", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      this.#add({ ...detail, lines: undefined }); // Python reads the text itself
    });
    this.#watching = setInterval(() => this.#look(), PAUSE);
  }

  /** @param {string} text  that Python has printed */
  print(text) {
    this.#add({ kind: "log", time: this.running.now, text });
  }

  /** Look on no longer: there is another run. */
  end() {
    clearInterval(this.#watching);
  }

  /** @param {Record<string, any>} message */
  #add(message) {
    if (this.#messages.length < LIMIT) this.#messages.push(message);
  }

  #look() {
    if (this.live.getAttribute("state") !== "running") return this.end();
    const text = this.live.querySelector("iframe")?.contentDocument?.body?.innerText ?? "";
    if (text !== this.#shown) this.#add({ kind: "app", time: this.running.now, text });
    this.#shown = text;
  }

  /**
   * What is missing yet of what must be seen, in one sentence; empty if nothing is.
   * @param {string} see  the task's statements, as JSON
   * @returns {Promise<string>}
   */
  missing(see) {
    // What the browser's part tells comes on a way of its own, a little later.
    const ordered = this.#messages.toSorted((one, other) => one.time - other.time);
    return this.running.check(see, ordered);
  }
}
