/** A program that came with a link: the notice beside it, and the one confirmation without which it does not run. */

import { button, element } from "./dom.js";
import { ranges } from "./changed-lines.js";

/** @typedef {ReturnType<typeof import("./changed-lines.js").compare> & {file: string}} Compared  file: "" if there is one only */

export class LinkedProgram {
  /** The linked programs that the reader has confirmed. @type {Set<string>} */
  #confirmed = new Set();
  #program = "";

  /**
   * @param {string} example
   * @param {() => void} onconfirm
   */
  constructor(example, onconfirm) {
    const id = `linked-${example}-${crypto.randomUUID()}`;
    this.difference = element("p", {});
    this.check = element("input", { type: "checkbox", "aria-describedby": id });
    this.check.addEventListener("change", () => (this.runButton.disabled = !this.check.checked));
    this.runButton = button("Run this linked program", () => this.#confirm(onconfirm), { "aria-describedby": id });
    this.element = element(
      "div",
      { class: "live-linked", role: "group", "aria-label": "A linked program", hidden: true },
      this.difference,
      element("p", { id }, whatItCanDo(location.host)),
      element("div", {}, element("label", {}, this.check, " I have read it, or I trust who wrote it."), this.runButton),
    );
  }

  /** Whether there is a linked program that the reader has not confirmed. */
  get isPending() {
    return !this.element.hidden;
  }

  /**
   * @param {string} program
   * @param {Compared[]} differing  its files that are not as in the lesson
   */
  show(program, differing) {
    this.#program = program;
    this.check.checked = false;
    this.runButton.disabled = true;
    this.difference.replaceChildren(
      element("strong", {}, "This program came with a link."),
      ` ${differing.map(difference).join(" ")}`,
    );
    this.element.hidden = !differing.length || this.#confirmed.has(program);
  }

  hide() {
    this.element.hidden = true;
  }

  /** @param {() => void} onconfirm */
  #confirm(onconfirm) {
    this.#confirmed.add(this.#program);
    this.hide();
    onconfirm();
  }
}

/** @param {string} host */
function whatItCanDo(host) {
  return (
    "Once it runs, it is part of this site. It can read and change this page and whatever any page of " +
    `${host} keeps in this browser (stored data, cookies, caches), and send it elsewhere.`
  );
}

/** @param {Compared} compared */
function difference({ file, changed, missing }) {
  const lines = `${changed.length === 1 ? "line" : "lines"} ${ranges(changed)}`;
  const marked = `${lines}, marked below, ${changed.length === 1 ? "is" : "are"} not the lesson’s.`;
  const gone =
    missing === 1 ? "one line of the lesson’s is left out." : `${missing} lines of the lesson’s are left out.`;
  const [first = "", ...more] = [changed.length ? marked : "", missing ? gone : ""].filter(Boolean);
  return [file ? `In ${file}, ${first}` : capitalised(first), ...more.map(capitalised)].join(" ");
}

/** @param {string} sentence */
function capitalised(sentence) {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
