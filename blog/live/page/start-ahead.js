/**
 * When it looks as if Run will be pressed: its example has been in sight for a while and the browser has nothing to do, or
 * the pointer or the focus has come near. Never for a reader whose browser saves data.
 */

import { idle } from "./idle.js";

const READING = 2_500; // ms that an example is in sight, so that none begins under one who only passes by

/**
 * @param {Element} place  where Run is
 * @param {() => Promise<unknown>} prepare  called at each sign; what fails will be told when it is asked for
 */
export function startAhead(place, prepare) {
  const act = () => prepare().catch(() => {});
  const { connection } = /** @type {{connection?: {saveData: boolean}}} */ (navigator); // not in all browsers
  if (connection?.saveData) return;
  for (const sign of ["pointerenter", "focusin"]) place.addEventListener(sign, act, { passive: true });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const observer = new IntersectionObserver(([{ isIntersecting }]) => {
    clearTimeout(timer);
    if (isIntersecting) timer = setTimeout(whenIdle, READING, act);
  });
  observer.observe(place);
}

/** @param {() => unknown} act */
async function whenIdle(act) {
  if (document.hidden) return; // who comes back has a pointer
  await idle();
  act();
}
