/**
 * What `page/service-worker-link.js` is on a page: here the way to the server of this frame, which tells over an event
 * stream what its programs print and what goes over their wires.
 */
import { servers, TAB } from "../page/servers.js";
import { LOCAL, python } from "./python.js";

const SETTLE = 25; // ms by which a page's account waits, so that bytes are told before what was made of them
const GONE = "The notebook’s kernel has ended, and the server with it: run the cell again.";

/** By how much the clock of the server's machine is behind this one's, in ms. */
let behind = 0;

export const serviceWorkerLink = {
  /** @type {EventSource | undefined} */
  stream: undefined,

  /** Resolves when the server tells what happens. */
  async ready() {
    if (this.stream && this.stream.readyState !== EventSource.CLOSED) return;
    const stream = (this.stream = new EventSource(`${LOCAL}wire`));
    await new Promise((resolve) => {
      stream.onmessage = ({ data }) => {
        for (const entry of JSON.parse(data)) hear(entry);
        resolve(undefined);
      };
      stream.onerror = async () => {
        const isThere = await fetch(new URL("../../alive", import.meta.url)).catch(() => null);
        if (!isThere?.ok) {
          stream.close();
          python.end(GONE);
        }
        resolve(undefined);
      };
    });
  },

  /** @param {{kind: string, server?: string, cable?: object | null, [more: string]: unknown}} message */
  async tell(message) {
    if (message.kind === "cable" && message.cable) await python.ask("cable", message).catch(() => {});
  },

  keepForNextVisit() {},

  end() {
    for (const server of servers.keys()) python.ask("stop", { server }).catch(() => {});
  },
};

/** @param {any} entry */
function hear({ kind, server, message, text, why, time }) {
  const running = servers.get(server);
  if (kind === "clock") behind = performance.timeOrigin + performance.now() - time;
  else if (kind === "wire") running?.wire({ ...message, time: message.time + behind });
  else if (kind === "log") python.onprint(server, text, false);
  else if (kind === "answered") running?.answered();
  else if (kind === "ended") running?.ended(why);
}

new BroadcastChannel(`streamside-${TAB}`).addEventListener("message", ({ data }) => {
  for (const { server, ...message } of data) {
    if (message.what === "listens") servers.get(server)?.listens(message);
    else setTimeout(() => servers.get(server)?.wire(message), SETTLE);
  }
});
