/** Which tasks a reader has solved, in this browser: kept per lesson, and shown in the table of contents. */

const SITE = new URL("../", import.meta.url).pathname;
const KEY = "streamside-solved";

/** @typedef {{solved: number[], of: number}} Lesson  the numbers of the tasks solved, and how many there are */

/** @returns {Record<string, Lesson>}  by the lesson's address in the site */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {}; // storage may be forbidden
  }
}

/** @param {string} address */
function lessonAt(address) {
  return new URL(address, location.href).pathname.replace(SITE, "");
}

/** The numbers of the tasks of this page that are solved. */
export function solvedHere() {
  return kept()[lessonAt(location.href)]?.solved ?? [];
}

/**
 * Remember that a task of this page is solved, or forget it.
 * @param {number} number
 * @param {boolean} solved
 * @param {number} of  how many tasks the page has
 */
export function remember(number, solved, of) {
  const rest = solvedHere().filter((each) => each !== number);
  const lessons = kept();
  const here = lessonAt(location.href);
  if (solved || rest.length) lessons[here] = { solved: solved ? [...rest, number].sort() : rest, of };
  else delete lessons[here];
  try {
    localStorage.setItem(KEY, JSON.stringify(lessons));
  } catch {
    // then the page alone remembers
  }
  showInContents();
}

/** Write beside each lesson in the table of contents how many of its tasks are solved. */
export function showInContents() {
  const lessons = kept();
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".contents li > a"))) {
    if (link.closest(".sections")) continue;
    link.querySelector(".solved")?.remove();
    const lesson = lessons[lessonAt(link.href)];
    if (!lesson) continue;
    const mark = document.createElement("span");
    mark.className = "solved";
    mark.textContent = `${lesson.solved.length} of ${lesson.of} tasks solved`;
    link.append(" ", mark);
  }
}
