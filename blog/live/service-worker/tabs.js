/** The open tabs: where each one's Python is, its cables, its connections. A tab tells all of it anew when this script forgot. */
import { Account } from "./account.js";
import { announceChange } from "./cable.js";

/** @typedef {import("./cable.js").Cable} Cable */
/** @typedef {import("./connections.js").Connection} Connection */
/**
 * @typedef {{client: Client, port: MessagePort, account: Account, cables: Map<string, Cable>,
 *   connections: Map<string, Connection>}} Tab
 */

const serviceWorker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** Each life of this script has its own connections. */
export const BOOT = crypto.randomUUID();
const PATIENCE = 5_000; // ms to wait for a tab to say where its worker is

/** @type {Map<string, Tab>} */
export const tabs = new Map();
/** What tabs are asked for, and whom their answers are told. @type {Map<string, {answer: Promise<Tab | undefined>, tell: (tab?: Tab) => void}>} */
const asked = new Map();

/**
 * @param {string} id
 * @param {Record<string, Cable>} cables
 * @param {Client} client
 * @param {MessagePort} port
 */
export function addTab(id, cables, client, port) {
  const connections = tabs.get(id)?.connections ?? new Map();
  const account = new Account((message) => client.postMessage(message));
  const tab = { client, port, account, cables: new Map(Object.entries(cables)), connections };
  tabs.set(id, tab);
  port.onmessage = (event) => connections.get(event.data.id)?.hear(event.data);
  asked.get(id)?.tell(tab);
}

/**
 * @param {string} id
 * @param {string} why
 */
export function removeTab(id, why) {
  for (const connection of connectionsOf(id)) connection.breakOff("server", why);
  tabs.get(id)?.port.close();
  tabs.delete(id);
  announceChange();
}

/**
 * Where a tab's worker is; asked for if this script has just woken up.
 * @param {string} id
 * @returns {Promise<Tab | undefined>}
 */
export async function findTab(id) {
  return tabs.get(id) ?? asked.get(id)?.answer ?? ask(id);
}

/**
 * Ask once, however many wait for it: with each answer comes a new port, and what went over the one before is ended.
 * @param {string} id
 * @returns {Promise<Tab | undefined>}
 */
async function ask(id) {
  let tell = /** @type {(tab?: Tab) => void} */ (() => {});
  const answer = new Promise((/** @type {typeof tell} */ resolve) => (tell = resolve));
  asked.set(id, { answer, tell });
  const timer = setTimeout(tell, PATIENCE, undefined);
  for (const client of await serviceWorker.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    client.postMessage({ kind: "tab?", tab: id });
  }
  const tab = await answer;
  clearTimeout(timer);
  asked.delete(id);
  return tab;
}

/**
 * @param {string} id
 * @param {string} [server]
 */
function connectionsOf(id, server) {
  const all = [...(tabs.get(id)?.connections.values() ?? [])];
  return server ? all.filter((each) => each.place.server === server) : all;
}

/**
 * @param {string} id
 * @param {string} server
 * @param {Cable | null} cable  null: the server is no more
 * @param {string} why
 */
export function changeCable(id, server, cable, why) {
  if (cable) tabs.get(id)?.cables.set(server, cable);
  else tabs.get(id)?.cables.delete(server);
  for (const connection of connectionsOf(id, server)) {
    if (cable?.cut) connection.breakOff("network", "The cable was cut.");
    else if (!cable) connection.breakOff("server", why);
    else connection.wake();
  }
  announceChange();
}
