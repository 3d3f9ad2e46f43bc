/** What an example's page asks for: each request becomes a connection, and is answered as the cable lets it. */
import { pathAndQuery } from "./addresses.js";
import { nextChange } from "./cable.js";
import { Connection, isEventSource } from "./connections.js";
import { BOOT, findTab, tabs } from "./tabs.js";
import { WebSocketConnection } from "./web-sockets.js";

/** @typedef {import("./addresses.js").Place} Place */

const MOST = 6; // connections that a browser has to a server at a time, over HTTP/1.1
let connectionCount = 0;

/**
 * @param {Place} place
 * @param {Request} request
 * @param {string} client  who asks
 * @returns {Promise<Response>}
 */
export async function exchange(place, request, client) {
  await findTab(place.tab);
  const fromEventSource = isEventSource(place, request);
  const body = request.method === "GET" || request.method === "HEAD" ? null : await request.arrayBuffer();
  for (;;) {
    const id = `${BOOT} ${++connectionCount}`;
    if (fromEventSource) await mended(id, place, request.signal);
    if (isFull(place)) tellWaiting(id, place, request.method, "connections");
    while (isFull(place) && !request.signal.aborted) await nextChange(request.signal);
    const tab = tabs.get(place.tab);
    const cable = tab?.cables.get(place.server);
    if (!tab || !cable || request.signal.aborted) return notRunning(request);
    const connection = new (place.socket ? WebSocketConnection : Connection)(id, place, tab, cable, request, body);
    if (cable.cut) return connection.refuse();
    if (cable.answer) return connection.preset(cable.answer);
    const response = await connection.open(request, client);
    if (!fromEventSource || response.type !== "error" || connection.endedBy !== "network") return response;
  }
}

/**
 * Until the cable is whole. An event source's attempt waits in a cut one, as packets do that are sent again and again: were
 * it refused, Firefox would close the event source for good.
 * @param {string} id  of the connection that is attempted
 * @param {Place} place
 * @param {AbortSignal} signal  the client does not wait any more
 */
async function mended(id, place, signal) {
  const { tab, server } = place;
  const cut = () => tabs.get(tab)?.cables.get(server)?.cut;
  if (cut()) tellWaiting(id, place, "GET", "cable");
  while (cut() && !signal.aborted) await nextChange(signal);
}

/**
 * Whether a browser would have another request wait for a connection: visitors who share a jar of cookies are the tabs of one.
 * A WebSocket has a connection to itself.
 * @param {Place} place
 */
function isFull({ tab, server, jar, socket }) {
  const all = [...(tabs.get(tab)?.connections.values() ?? [])];
  const taken = all.filter(({ kind, place }) => kind === "request" && place.server === server && place.jar === jar);
  return socket === null && taken.length >= MOST;
}

/**
 * @param {string} id
 * @param {Place} place
 * @param {string} method
 * @param {"cable" | "connections"} what  it waits for: for the cable to be mended, or for a free connection
 */
function tellWaiting(id, place, method, what) {
  const { tab, server, reader, source } = place;
  const waiting = { kind: "waiting", connection: id, reader, method, path: pathAndQuery(place), source, what };
  tabs.get(tab)?.account.add(server, waiting);
}

/** @param {Request} request */
function notRunning(request) {
  if (request.mode !== "navigate") return Response.error();
  const page =
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Not running</title><p>This server is not running any more.';
  return new Response(page, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
}
