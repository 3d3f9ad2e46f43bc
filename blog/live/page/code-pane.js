/** The Code pane: the example's program to be read, changed, run as changed, passed on as a link and as a file. */

import { compare } from "./changed-lines.js";
import { button, element, styled } from "./dom.js";
import { EditedFile } from "./edited-file.js";
import { fetchProgram } from "./example-program.js";
import { FileList } from "./file-list.js";
import { keepEdits, keptEdits } from "./kept-edits.js";
import { LinkedProgram } from "./linked-program-notice.js";
import { fromFragment, isFor, toFragment } from "./program-link.js";

const STYLE = new URL("../../theme/code-pane.css", import.meta.url);
const KEYS = "Ctrl+Enter (on a Mac ⌘ for Ctrl) runs it, Ctrl+F searches, Ctrl+] indents, Tab leaves the editor.";

/** @typedef {{line: number, message: string, file?: string}} Complaint */

export class CodePane {
  /** @type {Map<string, EditedFile>} */
  #files = new Map();
  /** The one in sight. @type {EditedFile | undefined} */
  #file;
  /** @type {FileList | undefined} */
  #list;

  /**
   * @param {string} example
   * @param {boolean} isFolder  it has several files
   * @param {{onrun: () => void, onchange: () => void}} listeners
   */
  constructor(example, isFolder, { onrun, onchange }) {
    this.example = example;
    this.isFolder = isFolder;
    this.onrun = onrun;
    this.onchange = onchange;
    this.name = element("span", {}, isFolder ? example : `${example}.py`);
    this.mark = element("span", { class: "changed", hidden: true }, "changed");
    this.runButton = button("Run edited version", onrun, { class: "primary", disabled: true });
    this.linked = new LinkedProgram(example, () => {
      this.#changed();
      onrun();
    });
    this.linkButton = button("Copy link", () => this.#copyLink());
    this.place = element("div", { class: "live-editor" });
    this.keys = element("p", { class: "live-keys", id: `keys-${crypto.randomUUID()}` }, KEYS);
    this.element = element(
      "div",
      { class: "live-code", role: "group", "aria-label": "Code" },
      element(
        "div",
        { class: "pane-bar" },
        element("p", {}, this.name, " ", this.mark),
        element(
          "div",
          {},
          this.runButton,
          ...(navigator.clipboard ? [this.linkButton] : []),
          button("Download", () => this.#file?.download()),
        ),
      ),
      this.linked.element,
      this.place,
      this.keys,
    );
  }

  /** Fetch the editor and the program. Rejects if either cannot be had. */
  async open() {
    const [{ createEditor }, { files }] = await Promise.all([
      import("./editor.js"),
      fetchProgram(this.example, this.isFolder),
      styled(STYLE),
    ]);
    for (const [name, original] of Object.entries(files)) {
      const options = {
        help: this.keys.id,
        onchange: (/** @type {boolean} */ byReader) => this.#changed(byReader),
        onrun: this.onrun,
      };
      this.#files.set(
        name,
        new EditedFile(name, original, (place, own) => createEditor(place, { ...options, ...own })),
      );
    }
    const names = [...this.#files.keys()];
    if (this.isFolder) {
      this.#list = new FileList(names, (name) => this.#open(name));
      this.place.classList.add("with-files");
      this.place.append(this.#list.element);
    }
    const kept = keptEdits(this.example);
    if (kept !== null) this.#take(kept);
    this.#open(names.find((name) => this.#files.get(name)?.changed) ?? names[0] ?? "");
  }

  /**
   * @param {string} name  of the file that is to be in sight
   */
  #open(name) {
    const file = this.#files.get(name);
    if (!file || file === this.#file) return;
    this.#file?.element.remove();
    this.#file = file;
    this.place.append(file.open());
    this.name.textContent = name;
    this.#list?.select(name);
    this.#mark();
  }

  /** Show the program that came with the address. Rejects if that is broken. */
  async openLinked() {
    try {
      const program = await fromFragment(this.example, location.hash);
      if (program === null || !this.#file) return;
      this.#take(program);
    } catch {
      this.reset();
      throw new Error("The code in this page’s address is damaged; below is the original.");
    }
    const compared = [...this.#files.values()].map((file) => ({
      file: this.isFolder ? file.name : "",
      ...compare(file.original, file.source),
    }));
    const differing = compared.filter(({ changed, missing }) => changed.length || missing);
    this.linked.show(this.#different, differing);
    const [first] = differing;
    if (first) {
      this.#open(first.file || this.#file.name);
      this.#file.show(first.changed[0] ?? 1);
    }
    this.#changed();
  }

  /**
   * Bring a definition into sight.
   * @param {string} name  such as `progress`, or `Hub.publish`
   * @param {string} file
   */
  showDefinition(name, file) {
    this.#open(file);
    const line = lineOf(name, this.#file?.source.split("\n") ?? []);
    if (line) this.#file?.show(line);
  }

  /** The texts of all files, by name. */
  get files() {
    return Object.fromEntries([...this.#files].map(([name, { source }]) => [name, source]));
  }

  get changed() {
    return [...this.#files.values()].some(({ changed }) => changed);
  }

  /** What is not as in the lesson, in one text: the only file's, or JSON with those of the files that differ. */
  get #different() {
    const [only] = this.#files.values();
    if (!this.isFolder) return only?.source ?? "";
    const changed = [...this.#files.values()].filter((file) => file.changed);
    return JSON.stringify(Object.fromEntries(changed.map(({ name, source }) => [name, source])));
  }

  /**
   * Make the program what such a text says. Throws if it does not fit.
   * @param {string} different
   */
  #take(different) {
    const texts = this.isFolder ? JSON.parse(different) : { [`${this.example}.py`]: different };
    for (const [name, text] of Object.entries(texts)) {
      if (!this.#files.has(name) || typeof text !== "string") throw new Error(`There is no file ${name}.`);
    }
    for (const [name, file] of this.#files) file.source = texts[name] ?? file.original;
  }

  reset() {
    for (const file of this.#files.values()) file.source = file.original;
    if (!this.#file) return;
    this.linked.hide();
    this.#changed();
    if (isFor(this.example, location.hash)) history.replaceState(null, "", location.pathname + location.search);
  }

  /**
   * Mark the line that Python complains of.
   * @param {Complaint | null} told  null: no complaint any more
   * @param {boolean} [isToBeSeen]  whatever file is in sight now
   */
  complain(told, isToBeSeen = false) {
    if (told?.file && isToBeSeen) this.#open(told.file);
    for (const [name, file] of this.#files) {
      file.complain(told && name === (told.file ?? this.#file?.name) ? told : null);
    }
  }

  /** @param {boolean} [byReader]  only what readers have typed themselves is kept: nothing that came with a link */
  #changed(byReader = false) {
    this.#mark();
    this.runButton.disabled = !this.changed;
    this.runButton.hidden = this.linked.isPending;
    if (byReader && !this.linked.isPending) keepEdits(this.example, this.changed ? this.#different : null);
    this.onchange();
  }

  #mark() {
    this.mark.hidden = !this.#file?.changed;
    for (const [name, { changed }] of this.#files) this.#list?.mark(name, changed);
  }

  async #copyLink() {
    history.replaceState(null, "", await toFragment(this.example, this.#different));
    await navigator.clipboard.writeText(location.href);
    this.linkButton.textContent = "Copied";
    setTimeout(() => (this.linkButton.textContent = "Copy link"), 1500);
  }
}

/**
 * The line, from 1, in which a definition begins; 0 without it.
 * @param {string} name  a member's after that of its class
 * @param {string[]} lines
 */
function lineOf(name, lines) {
  let line = 0;
  for (const [depth, part] of name.split(".").entries()) {
    const begins = new RegExp(`^${"    ".repeat(depth)}(?:(?:async )?(?:def|class) ${part}\\b|${part}\\s*[:=])`);
    const place = lines.slice(line).findIndex((each) => begins.test(each));
    if (place < 0) return 0;
    line += place + 1;
  }
  return line;
}
