/** The Code pane: the example's program to be read, changed, run as changed, passed on as a link and as a file. */

import { button, element } from "./dom.js";
import { fromFragment, toFragment } from "./permalink.js";

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
    this.runButton = button("Run edited version", onrun, { disabled: true });
    this.linkButton = button("Copy link", () => this.#copyLink());
    this.place = element("div", { class: "live-editor" });
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
      this.place,
    );
  }

  /** Fetch the editor and the program. Rejects if either cannot be had, or if the address carries code that is broken. */
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
      onchange: () => this.#changed(),
      onrun: this.onrun,
    });
    await this.#restore();
  }

  async #restore() {
    try {
      const source = await fromFragment(this.example, location.hash);
      if (source !== null && this.#editor) this.#editor.source = source;
    } catch {
      throw new Error("The code in this page’s address is damaged; below is the original.");
    }
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
    if (location.hash.startsWith(`#${this.example}=`))
      history.replaceState(null, "", location.pathname + location.search);
  }

  /** @param {{line: number, message: string} | null} complaint */
  complain(complaint) {
    this.#editor?.complain(complaint);
  }

  #changed() {
    this.mark.hidden = this.runButton.disabled = !this.changed;
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
