/** Opens the search: by the button in the head of the page, or "/". What searches is fetched only then. */

async function open() {
  try {
    const { show } = await import("../search/search-dialog.js");
    await show();
  } catch {
    alert("The search could not be fetched. Try again when there is a network.");
  }
}

/** @param {EventTarget | null} target  whether what is typed there goes into a field, of whatever kind */
function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

document.addEventListener("keydown", (event) => {
  const withOthers = event.ctrlKey || event.metaKey || event.altKey;
  if (event.key !== "/" || withOthers || isField(event.target) || document.querySelector("dialog[open]")) return;
  event.preventDefault(); // it would begin Firefox's own search
  open();
});
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(".search-switch"))) {
  button.hidden = false;
  button.addEventListener("click", open);
}
