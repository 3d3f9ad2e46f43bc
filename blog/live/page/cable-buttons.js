/** The cable between a running example and its page, as a row of buttons. */

import { button, element } from "./dom.js";

/**
 * @typedef {import('./running.js').Running} Running
 * @typedef {{cut?: boolean, delay?: number, rate?: number, hold?: boolean, answer?: 503 | 204}} Preset
 */

const DELAY = 1000; // milliseconds
const RATE = 50; // bytes per second: an event takes a second or so

/**
 * What an attribute such as `cable="delay=500 hold"` asks for. Words: cut, hold, delay=MS, rate=BYTES, answer=STATUS.
 * @param {string} text
 * @returns {Preset}
 */
export function preset(text) {
  const words = text
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => word.split("="));
  return Object.fromEntries(words.map(([name, value]) => [name, value === undefined ? true : Number(value)]));
}

/**
 * @param {Running['cable'] | null} running  null: the buttons are shown and do nothing
 * @param {Preset} state  how it is at first
 * @param {(sentence: string) => void} announce
 */
export function cableButtons(running, { cut = false, delay = 0, rate = 0, hold = false }, announce) {
  const cable = /** @type {Running['cable']} */ (running);
  const delayed = delay || DELAY;
  const limited = rate || RATE;
  const made = element(
    "div",
    { class: "live-cable", role: "group", "aria-label": "Cable" },
    cutButton(cable, cut, announce),
    toggle("Delay", delay > 0, (on) => {
      announce(on ? `Everything comes ${delayed / 1000} s later` : "No delay");
      return cable.delay(on ? delayed : 0);
    }),
    toggle("Limit the rate", rate > 0, (on) => {
      announce(on ? `${limited} bytes a second pass` : "No limit");
      return cable.rate(on ? limited : 0);
    }),
    toggle("Hold everything back", hold, (on) => {
      announce(on ? "Held back, as by a buffering proxy" : "Nothing is held back");
      return cable.hold(on);
    }),
    answerButton(cable, 503, announce),
    answerButton(cable, 204, announce),
    button("Restart the server", async () => {
      announce("The server restarts");
      const failure = await cable.restart().catch((/** @type {Error} */ error) => error);
      announce(failure ? failure.message : "The server has restarted");
    }),
  );
  if (!running) for (const each of made.querySelectorAll("button")) each.disabled = true;
  return made;
}

/**
 * One button that cuts and mends, so that the keyboard's place is kept.
 * @param {Running['cable']} cable
 * @param {boolean} cut
 * @param {(sentence: string) => void} announce
 */
function cutButton(cable, cut, announce) {
  const name = () => (cut ? "Mend the cable" : "Cut the cable");
  const made = button(
    name(),
    async () => {
      cut = !cut;
      made.textContent = name();
      made.classList.toggle("cut", cut);
      await (cut ? cable.cut() : cable.mend());
      announce(cut ? "The cable is cut" : "The cable is mended");
    },
    { class: cut && "cut" },
  );
  return made;
}

/**
 * @param {Running['cable']} cable
 * @param {503 | 204} status
 * @param {(sentence: string) => void} announce
 */
function answerButton(cable, status, announce) {
  return button(`Answer ${status}`, () => {
    announce(`The next connection is answered with ${status}`);
    return cable.answer(status);
  });
}

/**
 * @param {string} name
 * @param {boolean} on
 * @param {(on: boolean) => unknown} change
 */
function toggle(name, on, change) {
  const made = button(
    name,
    () => {
      on = !on;
      made.setAttribute("aria-pressed", String(on));
      return change(on);
    },
    { "aria-pressed": String(on) },
  );
  return made;
}
