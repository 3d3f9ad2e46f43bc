/**
 * The search: a field, and below it the sections that have what it says. The field keeps the focus; arrows choose a
 * section, Enter opens it, Escape closes. The index, one file of the site, is fetched when the first letter comes.
 */

import { element, styled } from "../live/page/dom.js";
import { sectionSearch } from "./section-search.js";

/** @typedef {ReturnType<ReturnType<typeof sectionSearch>>[number]} Found */

const SITE = new URL("../", import.meta.url);
const SHOWN = 20;
const KEY = "streamside-search-key"; // in the browser's storage: "off" if "/" is to be left alone (theme/search.js)

const field = element("input", {
  role: "combobox",
  placeholder: "Search the lessons",
  "aria-label": "Search the lessons",
  "aria-autocomplete": "list",
  "aria-controls": "search-found",
  "aria-expanded": "false",
  autocomplete: "off",
  autocapitalize: "off",
  enterkeyhint: "search",
  spellcheck: "false",
});
const close = element("button", { type: "button", class: "search-close" }, "Close");
const list = element("div", { id: "search-found", role: "listbox", "aria-label": "Sections" });
const status = element("p", { role: "status" });
// A key alone that does something can be hit by accident, or by who speaks to the computer (WCAG 2.1.4).
const key = element("input", { type: "checkbox" });
const dialog = element(
  "dialog",
  { class: "search", "aria-label": "Search" },
  element("div", { class: "search-field" }, field, close),
  status,
  list,
  element("label", { class: "search-key" }, key, " The key ", element("kbd", {}, "/"), " opens the search"),
);

/** @type {Promise<ReturnType<typeof sectionSearch>> | undefined} */
let index;
let chosen = -1;

/** Opens the search, with what was looked for before. */
export async function show() {
  if (!dialog.isConnected) {
    await styled(new URL("theme/search.css", SITE));
    document.body.append(dialog);
  }
  dialog.showModal();
  field.select();
}

/** @param {string} text  what was typed before the field was there */
export function type(text) {
  field.value = text;
  search();
}

async function fetchIndex() {
  const answer = await fetch(new URL("search/sections.json", SITE));
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return sectionSearch(await answer.json());
}

async function search() {
  index ??= fetchIndex();
  const find = await index.catch(() => null);
  if (!find) {
    index = undefined;
    status.textContent = "The index could not be fetched. Type on when there is a network.";
    return;
  }
  const question = field.value.trim(); // as it is by now
  const found = question ? find(question) : [];
  const more = found.length > SHOWN ? `, the first ${SHOWN} of them below` : "";
  const count = found.length === 1 ? "1 section" : `${found.length || "No"} sections`;
  status.textContent = question ? `${count}${more}` : "";
  list.replaceChildren(...found.slice(0, SHOWN).map(option));
  list.scrollTop = 0;
  field.setAttribute("aria-expanded", String(found.length > 0));
  choose(found.length ? 0 : -1);
}

/**
 * @param {Found} found
 * @param {number} number
 */
function option({ section, excerpt }, number) {
  const name = section.heading ? `${section.page} › ${section.heading}` : section.page;
  const pieces = excerpt.map(({ text, isFound }) => (isFound ? element("mark", {}, text) : text));
  const address = new URL(section.address, SITE).href;
  return element(
    "a",
    { role: "option", id: `search-found-${number}`, href: address, tabindex: "-1", "aria-selected": "false" },
    element("b", {}, name),
    " ",
    element("span", {}, ...pieces),
  );
}

/** @param {number} number  of the section that Enter opens, -1 for none */
function choose(number) {
  list.children[chosen]?.setAttribute("aria-selected", "false");
  chosen = number;
  const option = list.children[chosen];
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

/** @param {KeyboardEvent} event */
function press(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const count = list.children.length;
  if (step && count) choose((chosen + step + count) % count);
  else if (event.key === "Enter" && chosen >= 0) /** @type {HTMLElement} */ (list.children[chosen]).click();
  else return;
  event.preventDefault();
}

/** Remembers whether "/" opens the search; where storage is forbidden, it always does. */
function rememberKey() {
  try {
    if (key.checked) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  } catch {
    key.checked = true;
  }
}

try {
  key.checked = localStorage.getItem(KEY) !== "off";
} catch {
  key.checked = true;
}
key.addEventListener("change", rememberKey);
field.addEventListener("input", search);
field.addEventListener("keydown", press);
close.addEventListener("click", () => dialog.close());
list.addEventListener("click", () => dialog.close()); // for a section of this very page
dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close()); // beside it
