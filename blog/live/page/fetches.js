/** What becomes of an example's fetches: its page tells it by the names that they have given themselves (probe.js). */

/** @typedef {import("./running.js").WireMessage} WireMessage */

export class Fetches {
  /** Of each name, its connection, and who has ended that. @type {Map<string, {connection: string, endedBy?: string}>} */
  #named = new Map();
  /** @type {Map<string, string>} by connection */
  #names = new Map();

  /**
   * The message, with its connection if it is of a fetch; null if there is nothing to tell: what is over cannot be aborted.
   * @param {WireMessage} message
   * @returns {WireMessage | null}
   */
  complete(message) {
    const { kind, connection } = message;
    if (kind === "request" && message.fetch) {
      this.#named.set(message.fetch, { connection });
      this.#names.set(connection, message.fetch);
    } else if (kind === "end") {
      const known = this.#named.get(this.#names.get(connection) ?? "");
      if (known) known.endedBy = message.by;
    } else if (kind === "fetch") {
      const known = this.#named.get(message.fetch);
      if (message.what === "aborted" && (known?.endedBy ?? "client") !== "client") return null;
      return { ...message, connection: known?.connection };
    }
    return message;
  }
}
