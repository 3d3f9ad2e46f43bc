/**
 * `<live-example>`: an example's app beside its wire. It plays the recording that the page carries, and runs the
 * example's own server in this page when asked to. What only that takes is fetched only then.
 */

import { cableButtons, preset } from "./cable-buttons.js";
import { button, element } from "./dom.js";
import { keepEdits, keptEdits } from "./kept-edits.js";
import { Player, messages } from "./recording-player.js";
import { RecordedApp } from "./recorded-app.js";
import { startAhead } from "./start-ahead.js";
import { WireView, seconds } from "./wire-view.js";

/**
 * @typedef {'idle' | 'booting' | 'running' | 'stopped' | 'failed'} State
 * @typedef {import('./wire-view.js').WireMessage} WireMessage
 * @typedef {import('./running.js').Running} Running
 */

/** The page's tasks, if it has any. */
const tasks = document.querySelector("live-exercise") && import("./exercise.js");
/** What is announced on entering a state. */
const SAID = {
  idle: "",
  booting: "Starting",
  running: `Running ${document.documentElement.dataset.where ?? "in this page"}`,
  stopped: "Stopped",
  failed: "Not started",
};

export class LiveExample extends HTMLElement {
  /** @type {Live | undefined} */
  live;

  connectedCallback() {
    this.live ??= new Live(this);
    addEventListener("hashchange", this.live);
  }

  /**
   * Open the code at a definition.
   * @param {string} name
   * @param {string} file
   */
  showDefinition(name, file) {
    return this.live?.showDefinition(name, file);
  }

  disconnectedCallback() {
    if (!this.live) return;
    removeEventListener("hashchange", this.live);
    this.live.leave();
  }
}

/** What stands inside one `<live-example>`. */
class Live {
  /** Gives up the newest attempt to run, which then must not come back. */
  #attempt = new AbortController();
  /** @type {Running | null} */
  #running = null;
  /** @type {import('./code-pane.js').CodePane | null} */
  #code = null;
  /** @type {import('./log-pane.js').LogPane | null} */
  #log = null;
  /** @type {Promise<void> | undefined} */
  #opened;
  /** Whether the program that came with the address, if one did, could be loaded. @type {Promise<boolean> | undefined} */
  #linked;
  /** The page that plays the recording. @type {import('./replayed-app.js').ReplayedApp | null} */
  #replay = null;
  /** @type {State} */
  #state = "idle";
  /** The complaint of the running program that was told last: readers may fold away what tells of it. */
  #told = "";

  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.example = host.getAttribute("example") ?? "";
    this.isFolder = host.hasAttribute("folder");
    this.path = host.getAttribute("path") ?? "/";
    this.title = host.getAttribute("title") ?? this.example;
    this.obstacle = host.getAttribute("obstacle") ?? "";
    const recording = JSON.parse(host.querySelector(":scope > script")?.textContent ?? '{"page": "", "exchanges": []}');

    this.wire = new WireView();
    this.recording = recording;
    this.player = new Player(
      messages(recording),
      (message) => this.#drawRecorded(message),
      () => this.#showPlayer(),
    );

    this.runButton = button("Run", () => this.run(), { class: "primary" });
    this.stopButton = button("Stop", () => this.stop(), { class: "primary" });
    this.playButton = button("Play", () => this.#playOrPause());
    this.resetButton = button("Reset", () => this.reset());
    this.codeButton = button("Code", () => this.#toggleCode(), { "aria-expanded": "false" });
    this.clock = element("span", { class: "clock" }, element("strong", {}, "Recording"), " ");
    this.clockTime = this.clock.appendChild(element("span", {}));
    this.status = element("p", { class: "live-status", role: "status" });
    this.amount = element("span", { class: "clock" });
    this.progress = element("progress", { max: "1", "aria-label": "Starting" });
    this.note = element("p", { class: "live-note", "aria-live": "polite" });
    this.tools = element(
      "div",
      {},
      cableButtons(null, preset(host.getAttribute("cable") ?? ""), () => {}),
    );
    this.app = element("div", { class: "live-app" }, new RecordedApp(recording.page, this.title).frame);
    this.appNote = element("p", { class: "pane-note" });
    this.readersPlace = element("div", {});
    this.logPlace = element("div", {});
    this.codePlace = element("div", { class: "live-program", hidden: true });
    this.panes = element(
      "div",
      { class: "live-panes" },
      pane("App", [this.appNote, this.readersPlace], this.app),
      pane("Wire", this.wire.buttons, this.wire.note, this.wire.list, this.wire.sources, this.wire.voice),
      this.codePlace,
    );
    this.#build();
    this.#setState("idle");
    this.#showPoster();
    this.codeButton.hidden = this.obstacle !== ""; // a program that cannot run here is not to be edited here
    if (this.obstacle) this.#cannotRun(this.obstacle);
    else if (keptEdits(this.example) !== null) {
      this.#tell("Your changes to the program are kept: Run runs them, Reset brings the original back.");
      this.resetButton.hidden = false;
    }
    this.handleEvent();
  }

  #build() {
    const { host } = this;
    const controls = [this.runButton, this.stopButton, this.codeButton, this.playButton, this.resetButton];
    host.id ||= `live-${this.example}`; // the tasks, far below, lead back to it
    host.removeAttribute("title"); // it names the frame; here it would be a tooltip on everything
    host.style.setProperty("--height", host.getAttribute("height") ?? "20rem");
    host.querySelector(".transcript")?.setAttribute("hidden", "");
    const top = element(
      "div",
      { class: "live-bar", role: "group", "aria-label": this.title },
      ...controls,
      this.clock,
      this.status,
      this.amount,
    );
    if (!this.obstacle) startAhead(top, async () => (await runtime()).prepare(this.example, this.isFolder));
    startAhead(host, () => this.#loadReplay());
    host.append(top, this.progress, this.note, this.tools, this.panes, this.logPlace);
  }

  /** @param {State} state */
  #setState(state) {
    const focused = document.activeElement;
    const active = state === "booting" || state === "running";
    this.#state = state;
    this.host.setAttribute("state", state);
    this.runButton.hidden = active || this.obstacle !== "";
    this.stopButton.hidden = !active;
    this.playButton.hidden = this.clock.hidden = state !== "idle" || !this.player.length;
    this.resetButton.hidden = state === "idle" && !this.#code?.changed;
    this.progress.hidden = this.amount.hidden = state !== "booting";
    if (state !== "idle") this.appNote.textContent = "";
    this.tools.hidden = this.obstacle !== ""; // else it keeps its place, or all below would move at Run
    if (state !== "running") for (const each of this.tools.querySelectorAll("button")) each.disabled = true;
    this.status.textContent = SAID[state];
    // The button that was pressed may have gone: the one in its place gets the focus.
    if (this.host.contains(focused) && focused?.closest("[hidden]")) {
      [this.runButton, this.stopButton, this.playButton].find((next) => !next.hidden)?.focus();
    }
  }

  // ---- The recording ----

  /** Until something is started, the whole recording is shown. */
  #showPoster() {
    this.wire.setLive(false);
    if (this.#replay) this.app.replaceChildren(this.#replay.frame);
    else this.appNote.textContent = "as it came, before any event";
    this.#rewind();
    this.player.finish();
    this.wire.flush();
    this.wire.toOldest();
  }

  /** When readers come near, the page's own scripts are fetched, and show what they make of the recording. */
  async #loadReplay() {
    if (this.#replay || this.#state !== "idle") return;
    const { ReplayedApp } = await import("./replayed-app.js");
    if (this.#replay || this.#state !== "idle") return;
    this.#replay = new ReplayedApp(this.recording, this.title, this.path, (request) => {
      if (this.#state === "idle") this.appNote.textContent = `${request} is not in the recording`;
    });
    this.appNote.textContent = "";
    this.app.replaceChildren(this.#replay.frame);
    for (const message of this.player.past) this.#replay.draw(message);
  }

  #rewind() {
    this.player.rewind();
    this.#replay?.clear();
    this.wire.reset();
  }

  async #playOrPause() {
    if (this.player.playing) return this.player.pause();
    await this.#loadReplay().catch(() => {}); // without it the Wire plays alone
    if (this.#state !== "idle") return; // the reader has pressed Run
    if (this.player.ended) this.#rewind();
    this.player.play();
    this.status.textContent = "Playing the recording";
  }

  /** @param {WireMessage} message */
  #drawRecorded(message) {
    this.#replay?.draw(message);
    this.wire.draw(message);
  }

  #showPlayer() {
    const { playing, time, length } = this.player;
    this.playButton.textContent = playing ? "Pause" : "Play";
    this.clockTime.textContent = playing ? `${seconds(time)} of ${seconds(length)}` : seconds(length);
    if (!playing) this.status.textContent = "";
  }

  /**
   * One sentence says why, and the recording plays.
   * @param {string} why
   */
  #cannotRun(why) {
    this.obstacle = why;
    this.#tell(why);
    this.#setState("idle");
  }

  // ---- The server in the page ----

  async run() {
    if (this.#linked && !(await this.#linked)) {
      this.#linked = this.#openLinked(); // once more: the original must not run in its place
      if (!(await this.#linked)) return;
    }
    if (this.#code?.linked.isPending) {
      this.#showCode(true);
      this.codePlace.scrollIntoView({ block: "nearest" });
      this.#code.linked.check.focus();
      return;
    }
    if (!this.#code && keptEdits(this.example) !== null) {
      await (this.#opened ??= this.#loadCode());
      if (!this.#code) return; // the original must not run in its place
    }
    this.#attempt.abort();
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    this.player.pause();
    this.#tell("");
    this.#code?.complain(null);
    this.#log?.clear();
    this.#told = "";
    this.#setState("booting");
    this.#showProgress("Starting", 0);
    try {
      await this.#end();
      const { obstacle, start, LogPane, Readers } = await runtime();
      this.#log ??= new LogPane();
      this.logPlace.replaceChildren(this.#log.element);
      const why = await obstacle();
      if (signal.aborted) return;
      if (why) {
        this.#cannotRun(why);
        await this.#playOrPause();
        return;
      }
      const cable = preset(this.host.getAttribute("cable") ?? "");
      const running = await start(this.example, {
        path: this.path,
        cable,
        isFolder: this.isFolder,
        files: this.#code?.changed ? this.#code.files : undefined,
        onprogress: (...progress) => signal.aborted || this.#showProgress(...progress),
        onprint: (lines) => signal === this.#attempt.signal && this.#print(lines), // not of the run before
        onflood: (sentence) => signal.aborted || this.note.classList.contains("bad") || this.#tell(sentence),
        signal,
      });
      if (signal.aborted) return void running.stop();
      const announce = (/** @type {string} */ sentence) => void (this.status.textContent = sentence);
      this.tools.replaceChildren(cableButtons(running.cable, cable, announce));
      this.#show(running, new Readers(running, this.title, announce));
    } catch (error) {
      if (signal.aborted) return;
      this.#attempt.abort(); // or what is still being fetched would tell its progress
      if (/** @type {Error} */ (error).name === "Obstacle") {
        this.#cannotRun(/** @type {Error} */ (error).message);
        await this.#playOrPause();
      } else this.#fail(/** @type {Error & {line?: number, file?: string}} */ (error));
    }
  }

  /**
   * @param {Running} running
   * @param {import('./readers.js').Readers} readers
   */
  #show(running, readers) {
    this.#running = running;
    this.wire.reset();
    this.wire.setLive(true);
    /** @type {(type: string, hear: (detail: any) => void) => void} */
    const on = (type, hear) =>
      running.addEventListener(type, (event) => hear(/** @type {CustomEvent} */ (event).detail));
    on("wire", (message) => this.wire.draw(message));
    on("ended", ({ why }) => running === this.#running && this.stop().then(() => this.#tell(why)));
    this.app.replaceChildren(readers.element);
    this.readersPlace.replaceChildren(readers.controls);
    this.#setState("running");
    this.host.dispatchEvent(new CustomEvent("live-run", { bubbles: true, detail: running }));
  }

  async stop() {
    this.#attempt.abort();
    const ended = this.#end();
    this.#setState("stopped");
    await ended;
  }

  /** End what is running; what the app showed last stays. */
  async #end() {
    const running = this.#running;
    const frame = this.app.querySelector("iframe");
    if (!running || !frame) return;
    this.#running = null;
    this.readersPlace.replaceChildren();
    this.app.replaceChildren(RecordedApp.still(frame).frame);
    await running.stop();
    this.wire.setLive(false);
  }

  /** Back to the recording and to the example as it was. */
  async reset() {
    await this.stop();
    this.#linked = undefined;
    keepEdits(this.example, null);
    this.#code?.reset();
    this.#tell(this.obstacle);
    this.#log?.clear();
    this.app.replaceChildren(new RecordedApp(this.recording.page, this.title).frame);
    this.#setState("idle");
    this.#showPoster();
    if (!this.#replay) void this.#loadReplay().catch(() => {}); // the page as it came stays
  }

  /** The element has gone from the page. */
  leave() {
    this.player.pause();
    if (this.#state === "booting" || this.#state === "running") void this.stop();
  }

  /**
   * @param {string} step
   * @param {number} fraction
   * @param {string} [amount]
   */
  #showProgress(step, fraction, amount = "") {
    this.progress.value = fraction;
    this.amount.textContent = amount;
    if (this.status.textContent !== step) this.status.textContent = step;
  }

  /**
   * The program did not start: nothing of what ran before is left to be taken for its own.
   * @param {Error & {line?: number, file?: string}} error
   */
  #fail({ message, line, file }) {
    this.#setState("failed");
    this.wire.reset();
    this.app.replaceChildren(element("p", { class: "live-nothing" }, "Nothing to show: the program did not start."));
    const place = line ? { line, file } : this.#log?.complaint(this.example);
    this.#complain({ ...place, message });
    if (line) void this.#openCode().then(() => this.#code?.complain({ line, file, message }, true));
  }

  /** @param {string} lines  that Python has printed */
  #print(lines) {
    this.#log?.print(lines);
    this.host.dispatchEvent(new CustomEvent("live-print", { bubbles: true, detail: lines }));
    const complaint = this.#log?.complaint(this.example);
    if (!complaint || this.#state !== "running") return; // of a program that does not start, its failure tells
    if (JSON.stringify(complaint) === this.#told) return;
    this.#told = JSON.stringify(complaint);
    this.status.textContent = "Running, after an error";
    this.#complain(complaint);
  }

  /**
   * In one sentence above the panes, in the program, and with all that was printed.
   * @param {import('./traceback.js').Complaint} complaint
   */
  #complain({ message, line, file }) {
    const where = this.isFolder && file ? `${file}, line ${line}` : `Line ${line}`;
    this.#tell(line ? `${where}: ${message}` : message, true);
    this.#code?.complain(line ? { line, file, message } : null);
    if (this.#log) this.#log.element.open = true;
  }

  /**
   * @param {string} sentence  empty: none
   * @param {boolean} [bad]
   */
  #tell(sentence, bad = false) {
    if (this.note.textContent !== sentence) this.note.textContent = sentence;
    this.note.classList.toggle("bad", bad);
  }

  // ---- The code ----

  /** The page was opened, or its address has changed: what comes with it is shown, and not run. */
  handleEvent() {
    if (this.obstacle || !location.hash.startsWith(`#${this.example}=`)) return;
    this.host.scrollIntoView();
    this.#linked = this.#openLinked();
  }

  /**
   * @param {string} name
   * @param {string} file
   */
  async showDefinition(name, file) {
    await this.#openCode();
    this.#code?.showDefinition(name, file);
  }

  /** Resolves to false if it could not be loaded. */
  async #openLinked() {
    await this.#openCode();
    const code = this.#code;
    if (!code) return false;
    try {
      await code.openLinked();
      if (code.linked.isPending) this.#tell("A program came with the link. It is shown as Code, and has not run.");
      this.codePlace.scrollIntoView({ block: "nearest" }); // with the notice, which has come since
    } catch (error) {
      this.#tell(/** @type {Error} */ (error).message, true);
    }
    return true;
  }

  #toggleCode() {
    return this.codePlace.hidden ? this.#openCode() : this.#showCode(false);
  }

  /** @param {boolean} shown */
  #showCode(shown) {
    this.codePlace.hidden = !shown;
    this.panes.classList.toggle("with-code", shown);
    this.codeButton.setAttribute("aria-expanded", String(shown));
  }

  async #openCode() {
    this.#showCode(true);
    await (this.#opened ??= this.#loadCode());
    this.codePlace.scrollIntoView({ block: "nearest" }); // on a phone it opens far below its button
  }

  async #loadCode() {
    try {
      const { CodePane } = await import("./code-pane.js");
      const onchange = () => (this.resetButton.hidden = this.#state === "idle" && !this.#code?.changed);
      const onrun = () => {
        this.app.scrollIntoView({ block: "nearest" }); // on a phone it is far above
        void this.run();
      };
      const code = new CodePane(this.example, this.isFolder, { onrun, onchange });
      this.codePlace.replaceChildren(code.element);
      await code.open();
      this.#code = code;
      await tasks; // which are shown beside it
      this.host.dispatchEvent(new CustomEvent("live-code", { bubbles: true, detail: code }));
    } catch (error) {
      this.#opened = undefined; // the next attempt may get it
      this.#tell(/** @type {Error} */ (error).message, true);
    }
  }
}

/**
 * A pane with the line above it: its name and its buttons.
 * @param {string} name
 * @param {HTMLElement[]} buttons
 * @param {...HTMLElement} content
 */
function pane(name, buttons, ...content) {
  const bar = element("div", { class: "pane-bar" }, element("p", {}, name), ...buttons);
  return element("div", { class: "live-pane", role: "group", "aria-label": name }, bar, ...content);
}

customElements.define("live-example", LiveExample);

/** What only a run takes. */
async function runtime() {
  const [run, log, readers] = await Promise.all([
    import("./run-example.js"),
    import("./log-pane.js"),
    import("./readers.js"),
  ]);
  return { ...run, ...log, ...readers };
}
