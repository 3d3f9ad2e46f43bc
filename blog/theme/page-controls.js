/** What a page can do beyond being read: change its theme, copy a listing, show where in the contents the reader is. */

import { showInContents } from "./solved-tasks.js";

const root = document.documentElement;

/** Switches between light and dark, and remembers a choice that differs from the system's. */
function themeSwitch() {
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector(".theme-switch"));
  if (!button) return;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  button.addEventListener("click", () => {
    const wanted = dark() ? "light" : "dark";
    root.dataset.theme = wanted;
    try {
      localStorage.setItem("streamside-theme", wanted);
    } catch {
      // Storage may be forbidden; the choice then holds for this page alone.
    }
    button.setAttribute("aria-pressed", String(dark()));
  });
  button.setAttribute("aria-pressed", String(dark()));
  button.hidden = false;
}

/** Gives each listing a button that copies its text. */
function copyButtons() {
  if (!navigator.clipboard) return;
  for (const listing of document.querySelectorAll(".listing")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(listing.querySelector("pre")?.textContent ?? "");
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    listing.append(button);
  }
}

/** Marks the section being read in the table of contents. */
function markSection() {
  /** @type {Map<Element, HTMLAnchorElement>} */
  const links = new Map();
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".sections a"))) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (heading) links.set(heading, link);
  }
  if (!links.size) return;
  let waiting = false;
  const mark = () => {
    waiting = false;
    let current = /** @type {HTMLAnchorElement | undefined} */ (undefined);
    for (const [heading, link] of links) {
      if (heading.getBoundingClientRect().top < innerHeight / 3) current = link;
      link.removeAttribute("aria-current");
    }
    current?.setAttribute("aria-current", "true");
  };
  addEventListener(
    "scroll",
    () => {
      if (!waiting) requestAnimationFrame(mark);
      waiting = true;
    },
    { passive: true },
  );
  mark();
}

/** Closes the drawer when a link in it leads to a place on this page. */
function closeDrawer() {
  const drawer = document.getElementById("contents");
  drawer?.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("a");
    if (link?.hash && drawer.matches(":popover-open")) drawer.hidePopover();
  });
}

themeSwitch();
copyButtons();
markSection();
closeDrawer();
showInContents();
