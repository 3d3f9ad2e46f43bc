/** Opens the search: by the button in the head of the page, or "/". What searches is fetched only then. */

/** In the browser's storage, as in search-dialog.js: "off" if "/" is to be left alone. */
const KEY = "streamside-search-key";

/** @type {string | null} what was typed since the search was asked for, while its field is not there yet */
let early = null;

async function open() {
  if (early !== null) return;
  early = "";
  try {
    const { show, type } = await import("../search/search-dialog.js");
    await show();
    if (early) type(early);
  } catch {
    alert("The search could not be fetched. Try again when there is a network.");
  } finally {
    early = null;
  }
}

/** @param {EventTarget | null} target  whether what is typed there goes into a field, of whatever kind */
function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** Whether "/" is left alone: a reader who speaks to the computer can switch it off, in the search itself. */
function isSwitchedOff() {
  try {
    return localStorage.getItem(KEY) === "off";
  } catch {
    return false; // storage may be forbidden
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (early !== null && event.key.length === 1) early += event.key;
  else if (event.key !== "/" || isField(event.target) || document.querySelector("dialog[open]")) return;
  else if (isSwitchedOff()) return;
  else open();
  event.preventDefault(); // "/" would begin Firefox's own search
});
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(".search-switch"))) {
  button.hidden = false;
  button.addEventListener("click", open);
}
