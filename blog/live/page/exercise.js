/**
 * `<live-exercise>`: a task beside what checks it. The page's HTML has all that is to be read; here come the buttons: Check,
 * which looks on until what must be seen was seen, and the way into the program. The tasks of an example stand in its Code
 * pane, too.
 */

import { remember, solvedHere } from "../../theme/solved-tasks.js";
import { button, element } from "./dom.js";
import { Sightings } from "./sightings.js";

const PAUSE = 300; // ms between two looks
/** What there is to say in states of the example in which there is nothing to look at. @type {Record<string, string>} */
const NOT_RUNNING = {
  idle: "Not running yet: press Run edited version, or Run.",
  booting: "The program is starting.",
  failed: "The program did not start: what is wrong stands above the App pane.",
};

/** What was seen of each example's newest run. @type {Map<string, Sightings>} */
const seen = new Map();

class LiveExercise extends HTMLElement {
  /** @type {Exercise | undefined} */
  exercise;

  connectedCallback() {
    this.exercise ??= new Exercise(this);
  }
}

/** One task, shown where it stands in the lesson and in the Code pane. */
class Exercise {
  /** The one that looks on. @type {Exercise | null} */
  static watching = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;
  /** Where its state is shown. @type {{state: HTMLElement, solved: HTMLElement, forget: HTMLElement}[]} */
  #views = [];
  /** The task in the Code pane, once that is open. @type {HTMLDetailsElement | null} */
  beside = null;

  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.number = Number(host.getAttribute("number"));
    this.example = host.getAttribute("example") ?? "";
    this.file = host.getAttribute("file") ?? "";
    this.definition = host.getAttribute("definition") ?? "";
    this.see = host.querySelector(":scope > script")?.textContent ?? "[]";
    if (!this.live || this.live.hasAttribute("obstacle")) return;
    const open = button("Show in the program", () => this.#showInProgram());
    host.querySelector(".task")?.after(this.view(open));
    this.#show("");
  }

  /** The example that it is about. @returns {import("./live-example.js").LiveExample | null} */
  get live() {
    return document.querySelector(`live-example[example="${CSS.escape(this.example)}"]`);
  }

  get solved() {
    return solvedHere().includes(this.number);
  }

  /**
   * Buttons and state, for one of the places where the task stands.
   * @param {...HTMLElement} more  further buttons
   */
  view(...more) {
    const solved = element("span", { class: "task-solved" }, "Solved");
    const forget = button("Forget", () => this.#remember(false), {
      "aria-label": `Forget that task ${this.number} is solved`,
    });
    const check = button("Check", () => this.check(), { "aria-label": `Check task ${this.number}` });
    const state = element("p", { class: "task-state", role: "status" });
    this.#views.push({ state, solved, forget });
    this.#show(this.#views[0].state.textContent ?? "");
    return element("div", { class: "task-check" }, element("div", {}, check, ...more, solved, forget), state);
  }

  /** Look on until it is solved, or another task is checked. */
  check() {
    if (Exercise.watching) Exercise.watching.#leave();
    Exercise.watching = this;
    void this.#look(true);
  }

  async #showInProgram() {
    await this.live?.showDefinition(this.definition, this.file);
    if (this.beside) this.beside.open = true;
  }

  #leave() {
    clearTimeout(this.#next);
    Exercise.watching = null;
  }

  /** @param {boolean} [first] */
  async #look(first) {
    const sentence = await this.#missing();
    if (Exercise.watching !== this) return;
    if (sentence) {
      this.#show(sentence, first);
      this.#next = setTimeout(() => this.#look(), PAUSE);
    } else {
      this.#leave();
      this.#remember(true);
      this.#show("Done.", true);
    }
  }

  async #missing() {
    const state = this.live?.getAttribute("state") ?? "idle";
    return NOT_RUNNING[state] ?? seen.get(this.example)?.missing(this.see) ?? NOT_RUNNING.idle;
  }

  /** @param {boolean} solved */
  #remember(solved) {
    remember(this.number, solved, document.querySelectorAll("live-exercise").length);
    this.#show("");
  }

  /**
   * @param {string} sentence
   * @param {boolean} [spoken]  what changes twice a second is not for the ear
   */
  #show(sentence, spoken) {
    const { solved } = this;
    for (const view of this.#views) {
      view.state.setAttribute("aria-live", spoken ? "polite" : "off");
      if (view.state.textContent !== sentence) view.state.textContent = sentence;
      view.state.classList.toggle("done", sentence === "Done.");
      view.solved.hidden = view.forget.hidden = !solved;
    }
  }
}

/**
 * The tasks of an example, for its Code pane: each opens with its definition in sight.
 * @param {import("./code-pane.js").CodePane} code
 */
function tasksBeside(code) {
  const hosts = /** @type {NodeListOf<LiveExercise>} */ (
    document.querySelectorAll(`live-exercise[example="${CSS.escape(code.example)}"]`)
  );
  return [...hosts].map(({ exercise, children }) => {
    const [text, , hint] = [...children].filter((each) => !each.matches("script"));
    const copies = [text, hint].map((each) => each.cloneNode(true));
    const { number = 0, definition = "", file = "" } = exercise ?? {};
    const box = element("details", { name: `tasks-${code.example}` }, element("summary", {}, `Task ${number}`));
    box.append(copies[0], exercise?.view() ?? "", copies[1]);
    if (exercise) exercise.beside = box;
    box.addEventListener("toggle", () => box.open && code.showDefinition(definition, file));
    return box;
  });
}

addEventListener("live-run", (event) => {
  const live = /** @type {HTMLElement} */ (event.target);
  const example = live.getAttribute("example") ?? "";
  seen.get(example)?.end();
  seen.set(example, new Sightings(/** @type {CustomEvent} */ (event).detail, live));
});

addEventListener("live-print", (event) => {
  const live = /** @type {HTMLElement} */ (event.target);
  seen.get(live.getAttribute("example") ?? "")?.print(/** @type {CustomEvent<string>} */ (event).detail);
});

addEventListener("live-code", (event) => {
  const code = /** @type {CustomEvent<import("./code-pane.js").CodePane>} */ (event).detail;
  const tasks = tasksBeside(code);
  if (tasks.length)
    code.place.before(element("div", { class: "live-tasks", role: "group", "aria-label": "Tasks" }, ...tasks));
});

customElements.define("live-exercise", LiveExercise);
