/** The Code pane: the example's program to be read, changed, run as changed, passed on as a link and as a file. */

import { compare } from "./changed-lines.js";
import { button, element } from "./dom.js";
import { keepEdits, keptEdits } from "./kept-edits.js";
import { LinkedProgram } from "./linked-program-notice.js";
import { fromFragment, isFor, toFragment } from "./program-link.js";

const KEYS = "Ctrl+Enter (on a Mac ⌘ for Ctrl) runs it, Ctrl+F searches, Ctrl+] indents, Tab leaves the editor.";

export class CodePane {
  /** @type {ReturnType<typeof import('./editor.js').createEditor> | null} */
  #editor = null;
  #original = "";

  /**
   * @param {string} example
   * @param {{onrun: () => void, onchange: () => void}} listeners
   */
  constructor(example, { onrun, onchange }) {
    this.example = example;
    this.onrun = onrun;
    this.onchange = onchange;
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
        element("p", {}, `${example}.py `, this.mark),
        element(
          "div",
          {},
          this.runButton,
          ...(navigator.clipboard ? [this.linkButton] : []),
          button("Download", () => this.#download()),
        ),
      ),
      this.linked.element,
      this.place,
      this.keys,
    );
  }

  /** Fetch the editor and the program. Rejects if either cannot be had. */
  async open() {
    const address = new URL(`../examples/${this.example}.py`, import.meta.url);
    const [{ createEditor }, response] = await Promise.all([
      import("./editor.js"),
      fetch(address, { cache: "no-cache" }),
    ]);
    if (!response.ok) throw new Error(`The program of this example could not be fetched (status ${response.status}).`);
    this.#original = await response.text();
    this.#editor = createEditor(this.place, {
      source: this.#original,
      label: `Code of ${this.example}.py`,
      help: this.keys.id,
      onchange: (byReader) => this.#changed(byReader),
      onrun: this.onrun,
    });
    const kept = keptEdits(this.example);
    if (kept !== null) this.#editor.source = kept;
  }

  /** Show the program that came with the address. Rejects if that is broken. */
  async openLinked() {
    let program;
    try {
      program = await fromFragment(this.example, location.hash);
    } catch {
      this.reset();
      throw new Error("The code in this page’s address is damaged; below is the original.");
    }
    if (program === null || !this.#editor) return;
    this.#editor.source = program;
    const compared = compare(this.#original, this.source);
    this.linked.show(this.source, compared);
    this.#editor.show(compared.changed[0] ?? 1);
    this.#changed();
  }

  /**
   * Bring a definition into sight.
   * @param {string} name  such as `progress`, or `Hub.publish`
   */
  showDefinition(name) {
    const last = name.split(".").at(-1);
    const lines = this.source.split("\n");
    const begins = new RegExp(`^\\s*(?:async )?(?:def|class) ${last}\\b|^${last}\\s*[:=]`);
    const line = lines.findIndex((each) => begins.test(each)) + 1;
    if (line) this.#editor?.show(line);
  }

  get source() {
    return this.#editor?.source ?? this.#original;
  }

  get changed() {
    return this.source !== this.#original;
  }

  reset() {
    if (!this.#editor) return;
    this.#editor.source = this.#original;
    this.linked.hide();
    this.#changed();
    if (isFor(this.example, location.hash)) history.replaceState(null, "", location.pathname + location.search);
  }

  /** @param {{line: number, message: string} | null} complaint */
  complain(complaint) {
    this.#editor?.complain(complaint);
  }

  /** @param {boolean} [byReader]  only what readers have typed themselves is kept: nothing that came with a link */
  #changed(byReader = false) {
    this.mark.hidden = this.runButton.disabled = !this.changed;
    this.runButton.hidden = this.linked.isPending;
    if (byReader && !this.linked.isPending) keepEdits(this.example, this.changed ? this.source : null);
    this.onchange();
  }

  async #copyLink() {
    history.replaceState(null, "", await toFragment(this.example, this.source));
    await navigator.clipboard.writeText(location.href);
    this.linkButton.textContent = "Copied";
    setTimeout(() => (this.linkButton.textContent = "Copy link"), 1500);
  }

  #download() {
    const href = URL.createObjectURL(new Blob([this.source], { type: "text/x-python" }));
    element("a", { href, download: `${this.example}.py` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  }
}
