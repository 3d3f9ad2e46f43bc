/** One file of a program, as the reader has it: its editor is made when the file is first in sight. */

import { element } from "./dom.js";

/** @typedef {ReturnType<typeof import("./editor.js").createEditor>} Editor */
/** @typedef {{line: number, message: string}} Complaint */

export class EditedFile {
  /** @type {Editor | undefined} */
  #editor;
  #text;
  /** @type {Complaint | null} */
  #complaint = null;

  /**
   * @param {string} name
   * @param {string} original
   * @param {(place: HTMLElement, own: {source: string, label: string}) => Editor} createEditor
   */
  constructor(name, original, createEditor) {
    this.name = name;
    this.original = this.#text = original;
    this.createEditor = createEditor;
    this.element = element("div", { class: "live-file" });
  }

  get source() {
    return this.#editor?.source ?? this.#text;
  }

  set source(text) {
    if (this.#editor) {
      if (this.#editor.source !== text) this.#editor.source = text;
    } else this.#text = text;
  }

  get changed() {
    return this.source !== this.original;
  }

  /** Its editor's element, made when it is first asked for. */
  open() {
    if (!this.#editor) {
      const editor = this.createEditor(this.element, { source: this.original, label: `Code of ${this.name}` });
      if (this.#text !== this.original) editor.source = this.#text;
      this.#editor = editor;
      editor.complain(this.#complaint);
    }
    return this.element;
  }

  /** @param {number} line  which is brought into sight */
  show(line) {
    this.#editor?.show(line);
  }

  /** @param {Complaint | null} told */
  complain(told) {
    this.#complaint = told;
    this.#editor?.complain(told);
  }

  download() {
    const href = URL.createObjectURL(new Blob([this.source], { type: "text/plain" }));
    element("a", { href, download: this.name.slice(this.name.lastIndexOf("/") + 1) }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  }
}
