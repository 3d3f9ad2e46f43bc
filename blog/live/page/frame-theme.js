/** A frame follows the system's choice of light or dark by itself. What the reader chose for this page, it must be told. */

/** @param {HTMLIFrameElement} frame */
export function followTheme(frame) {
  frame.addEventListener("load", () => apply(frame));
}

/** @param {HTMLIFrameElement} frame */
function apply(frame) {
  const root = frame.contentDocument?.documentElement;
  const chosen = document.documentElement.dataset.theme;
  if (chosen) root?.setAttribute("data-theme", chosen);
  else root?.removeAttribute("data-theme");
}

new MutationObserver(() => {
  for (const frame of document.querySelectorAll("live-example iframe")) apply(/** @type {HTMLIFrameElement} */ (frame));
}).observe(document.documentElement, { attributeFilter: ["data-theme"] });
