/** What Python printed: the newest of it, and in its tracebacks the frames of libraries folded away. */

import { element } from "./dom.js";
import { complaint, isInsideFrame, isLibraryFrame } from "./traceback.js";

/** More is not kept, in characters: nobody reads it, and the page stays quick. */
const LIMIT = 50_000;
/** Text that comes in small pieces is put together up to this many characters, so that the oldest can go piece by piece. */
const PIECE = 5_000;

export class LogPane {
  #size = 0;
  /** The frames that are being folded. @type {{summary: HTMLElement, rest: HTMLElement, count: number} | null} */
  #fold = null;
  /** The newest of what was printed, as it was printed. */
  #text = "";

  constructor() {
    this.output = element("pre", { tabindex: "0", "aria-label": "What Python printed" });
    this.note = element("p", { class: "live-log-note", hidden: true }, "Earlier lines are no longer shown.");
    const summary = element("summary", {}, "What Python printed");
    this.element = element("details", { class: "live-log", hidden: true }, summary, this.note, this.output);
  }

  clear() {
    this.#text = "";
    this.#size = 0;
    this.#fold = null;
    this.output.replaceChildren();
    this.note.hidden = this.element.hidden = true;
    this.element.open = false;
  }

  /** @param {string} lines  without the last one's line end */
  print(lines) {
    const text = `${lines}\n`;
    const follow = this.output.scrollTop + this.output.clientHeight > this.output.scrollHeight - 8;
    this.#text = (this.#text + text).slice(-LIMIT);
    this.element.hidden = false;
    if (!this.#fold && !text.includes('File "')) this.#append(text);
    else for (const line of lines.split("\n")) this.#add(line);
    while (this.#size > LIMIT && this.output.childNodes.length > 1) this.#forgetOldest();
    if (follow) this.output.scrollTop = this.output.scrollHeight;
  }

  /**
   * What the newest traceback complains of, if there is one.
   * @param {string} example  whose program it is
   */
  complaint(example) {
    return complaint(this.#text, example);
  }

  /** @param {string} line */
  #add(line) {
    if (isLibraryFrame(line)) this.#addFrame(line);
    else if (this.#fold && isInsideFrame(line)) this.#fold.rest.append(`${line}\n`);
    else {
      this.#fold = null;
      this.#append(`${line}\n`);
    }
  }

  /** @param {string} line  of a library's frame, the first one */
  #addFrame(line) {
    if (!this.#fold) {
      const [summary, rest] = [element("summary", {}), element("span", {})];
      this.output.append(element("details", {}, summary, rest));
      this.#fold = { summary, rest, count: 0 };
    }
    const count = ++this.#fold.count;
    this.#fold.summary.textContent = count === 1 ? "1 frame of a library" : `${count} frames of libraries`;
    this.#fold.rest.append(`${line}\n`);
    this.#size += line.length;
  }

  /** @param {string} text */
  #append(text) {
    const last = this.output.lastChild;
    if (last instanceof Text && last.length < PIECE) last.appendData(text);
    else this.output.append(text);
    this.#size += text.length;
  }

  #forgetOldest() {
    const oldest = /** @type {ChildNode} */ (this.output.firstChild);
    this.#size -= oldest.textContent?.length ?? 0;
    oldest.remove();
    this.note.hidden = false;
  }
}
