/** The readers of a running example: each has the app in a frame of its own, with the first one's cookies or with its own. */

import { watchFrame } from "./app-frame.js";
import { button, element } from "./dom.js";

/** @typedef {import('./running.js').Running} Running */

const OTHERS = [2, 3, 4]; // more would have no room

export class Readers {
  #running;
  #title;
  #announce;
  /** Their places, by their numbers. @type {Map<number, HTMLElement>} */
  #places = new Map();

  /**
   * @param {Running} running
   * @param {string} title  of the example
   * @param {(sentence: string) => void} announce
   */
  constructor(running, title, announce) {
    this.#running = running;
    this.#title = title;
    this.#announce = announce;
    this.own = element("input", { type: "checkbox" });
    this.addButton = button("Add a reader", () => this.#add());
    this.controls = element(
      "div",
      { class: "live-add" },
      element("label", {}, this.own, "own cookies"),
      this.addButton,
    );
    this.element = element("div", { class: "live-readers" });
    this.#show(1, running.url, "");
  }

  /** Another one looks at the same server. */
  #add() {
    const number = OTHERS.find((each) => !this.#places.has(each));
    if (!number) return;
    const isOwn = this.own.checked;
    this.#show(
      number,
      this.#running.urlFor(number, isOwn ? number : 1),
      isOwn ? ", own cookies" : ", cookies of reader 1",
    );
    this.#announce(`Reader ${number} has come, with ${isOwn ? "cookies of its own" : "the cookies of reader 1"}`);
  }

  /**
   * @param {number} number
   * @param {string} url
   * @param {string} remark
   */
  #show(number, url, remark) {
    const frame = element("iframe", { title: number === 1 ? this.#title : `${this.#title}: reader ${number}` });
    watchFrame(frame);
    frame.src = url;
    const bar = element("p", {}, element("span", { "data-reader": String(number) }, `Reader ${number}${remark}`));
    if (number > 1)
      bar.append(button("Remove", () => this.#remove(number), { "aria-label": `Remove reader ${number}` }));
    const place = element("div", { class: "live-reader" }, bar, frame);
    this.#places.set(number, place);
    this.element.append(place);
    this.#update();
  }

  /** @param {number} number */
  #remove(number) {
    this.#places.get(number)?.remove();
    this.#places.delete(number);
    this.#update();
    this.addButton.focus();
    this.#announce(`Reader ${number} has left`);
  }

  #update() {
    this.element.classList.toggle("several", this.#places.size > 1);
    this.addButton.disabled = this.#places.size > OTHERS.length;
  }
}
