/**
 * What `page/python.js` is on a page: here Python is the notebook's, each server has a process of its own, and what it is
 * asked for are requests to the server of this frame.
 */
import { after } from "../page/after.js";
import { TAB } from "../page/servers.js";
import { StartError } from "../page/start-error.js";

const LOCAL = new URL(`../../local/${TAB}/`, import.meta.url).href;
export const PATIENCE = 4_000; // ms for a process to end
const GONE = "The kernel of this notebook does not answer: run the cell again.";

/** @typedef {(step: string, fraction: number, amount?: string) => void} OnProgress */

export const python = {
  /** Always: its processes are started as they are asked for. @type {Promise<unknown> | undefined} */
  booted: Promise.resolve(),
  /** @type {Set<string>} */
  prepared: new Set(),
  /** @type {Set<OnProgress>} */
  waiting: new Set(),
  /** @type {(why: string) => void} */
  onend: () => {},
  /** @type {(server: string | undefined, lines: string, late: boolean) => void} */
  onprint: () => {},
  onuse: () => {},

  /** @param {OnProgress} onprogress */
  async boot(onprogress) {
    onprogress("Starting Python", 0.3);
  },

  async bootAhead() {},

  /** The notebook's environment has all packages. */
  hasApart: () => false,

  /** @returns {undefined} */
  packages() {},

  /**
   * @param {string} kind
   * @param {object} message
   * @returns {Promise<any>}
   */
  async ask(kind, message) {
    if (kind === "import") return null; // ahead of Run: a process does so when it starts
    const request = { method: "POST", body: JSON.stringify(message), keepalive: kind === "stop" };
    const response = await fetch(`${LOCAL}${kind}`, request).catch(() => null);
    if (!response?.ok) throw new StartError(GONE);
    return response.json();
  },

  /**
   * Ask for what can fail because of the example. Rejects with `StartError`.
   * @param {"start" | "restart" | "stop"} kind
   * @param {{server: string, [more: string]: unknown}} message
   */
  async attempt(kind, message) {
    const failure = await this.ask(kind, message);
    if (failure) throw new StartError(failure.message);
  },

  /** A process that keeps to itself is ended by force. */
  async listens() {
    return true;
  },

  /**
   * What an event source has heard; undefined if the server does not answer.
   * @param {string} source
   * @returns {Promise<{lastEventId: string, reconnectionTime: number | undefined} | undefined>}
   */
  async resumption(source) {
    const answer = this.ask("resumption", { source }).catch(() => undefined);
    const known = await Promise.race([answer, after(PATIENCE)]);
    return known && { ...known, reconnectionTime: known.reconnectionTime ?? undefined };
  },

  /** @param {string} why */
  end(why) {
    this.onend(why);
  },
};

export { LOCAL };
