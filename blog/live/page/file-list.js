/** The files of a program that has several: a list beside the editor, by folder. */

import { element } from "./dom.js";

export class FileList {
  /** @type {Map<string, HTMLOptionElement>} */
  #options = new Map();

  /**
   * @param {string[]} names  paths with a slash in each
   * @param {(name: string) => void} onselect
   */
  constructor(names, onselect) {
    /** @type {Map<string, HTMLOptGroupElement>} */
    const folders = new Map();
    for (const name of names) {
      const [folder, file] = parts(name);
      const option = element("option", { value: name }, file);
      this.#options.set(name, option);
      if (!folders.has(folder)) folders.set(folder, element("optgroup", { label: folder }));
      folders.get(folder)?.append(option);
    }
    const size = String(names.length + folders.size);
    const groups = [...folders].sort(([one], [other]) => one.localeCompare(other)).map(([, group]) => group);
    this.element = element("select", { class: "live-files", size, "aria-label": "Files" }, ...groups);
    this.element.addEventListener("change", () => onselect(this.element.value));
  }

  /** @param {string} name */
  select(name) {
    this.element.value = name;
  }

  /**
   * @param {string} name
   * @param {boolean} isChanged
   */
  mark(name, isChanged) {
    const option = this.#options.get(name);
    const text = parts(name)[1] + (isChanged ? " – changed" : "");
    if (option && option.text !== text) option.text = text;
    option?.classList.toggle("changed", isChanged);
  }
}

/**
 * `django_yo/views.py` → `django_yo/`, `views.py`.
 * @param {string} name
 */
function parts(name) {
  const end = name.lastIndexOf("/") + 1;
  return [name.slice(0, end), name.slice(end)];
}
