/**
 * Reads streams with a reader written in JavaScript: pieces of streams come in, as JSON, and what was read goes out.
 *
 * `node in_node.mjs READER FOLDER < STREAMS`, where FOLDER has the readers' node_modules; the project's own, and the
 * `EventSource` of Node.js itself (with `--experimental-eventsource`), need none. A timer that is asked to wait for a
 * second or more rings at once, and the time is noted: so a reconnection is seen without waiting for it.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [name, folder = "."] = process.argv.slice(2);
const packages = createRequire(pathToFileURL(path.resolve(folder, "here")));
const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };
const URL_OF_NOBODY = "http://stream.test/";
const streams = JSON.parse(readFileSync(0, "utf8")).map((stream) => stream.map((piece) => Buffer.from(piece, "base64")));
const types = ["message", ...JSON.parse(process.env.EVENT_TYPES ?? "[]")];

const realTimeout = globalThis.setTimeout;
const PATIENCE = 1000; // ms for a reader to connect again, once its timer has rung
const TICK = 499; // of undici's own clock
let asked = []; // the milliseconds that timers were asked to wait
globalThis.setTimeout = (ring, wait, ...values) => {
  if (wait !== TICK) asked.push(wait);
  return realTimeout(ring, wait < 1000 ? wait : 0, ...values);
};

/** The answer of a `fetch`, in these pieces. */
function answer(pieces) {
  const left = [...pieces];
  const pull = (controller) => {
    if (left.length) controller.enqueue(new Uint8Array(left.shift()));
    else controller.close();
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), EVENT_STREAM);
}

/** Listens with an `EventSource` until it asks for the stream a second time; `ended` then resolves to its last event ID. */
async function listen(source, ended) {
  const events = [];
  for (const type of new Set(types)) {
    source.addEventListener(type, (event) => {
      if ("data" in event) events.push([event.type, event.data, event.lastEventId]);
    });
  }
  let patience;
  const never = new Promise((resolve) => (patience = realTimeout(resolve, PATIENCE, null)));
  const lastEventId = await Promise.race([ended, never]);
  clearTimeout(patience);
  source.close();
  return lastEventId === null ? { events, error: "does not connect again" } : { events, lastEventId };
}

const time = (standard) => {
  const last = asked.at(-1);
  return last === standard ? null : last;
};

/** The header as a server reads it. Throws where `fetch` would, for what no header can carry. */
const header = (headers) => Buffer.from(new Headers(headers).get("last-event-id") ?? "", "latin1").toString();

/** One that takes no `fetch` of ours is served by a server in this process. */
async function overHttp(EventSource, pieces) {
  let requests = 0;
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  const server = createServer(async (request, response) => {
    requests += 1;
    if (requests > 1) {
      response.writeHead(204, { connection: "close" }).end();
      end(header(request.headers));
      return;
    }
    response.writeHead(200, { ...EVENT_STREAM.headers, connection: "close" });
    response.flushHeaders();
    response.socket.setNoDelay(true);
    for (const piece of pieces) {
      await new Promise((resolve) => realTimeout(resolve, 1)); // what was written is read meanwhile
      if (piece.length) response.write(piece);
    }
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const source = new EventSource(`http://127.0.0.1:${server.address().port}/`);
  const read = await listen(source, ended);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { ...read, reconnectionTime: time(3000) };
}

const readers = {
  streamside: async () => {
    const { EventStream } = await import(new URL("../../blog/live/page/event-stream.js", import.meta.url));
    return (pieces) => {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      const stream = new EventStream();
      const texts = [...pieces.map((piece) => decoder.decode(piece, { stream: true })), decoder.decode()];
      const events = texts.flatMap((text) => stream.read(text)).flatMap(({ event }) => event ?? []);
      const told = events.map((event) => [event.type, event.data, event.lastEventId]);
      return { events: told, lastEventId: stream.lastEventId, reconnectionTime: stream.reconnectionTime ?? null };
    };
  },

  "Node.js": () => (pieces) => overHttp(globalThis.EventSource, pieces),

  undici: () => {
    const { EventSource } = packages("undici");
    return (pieces) => overHttp(EventSource, pieces);
  },

  eventsource: async () => {
    const { EventSource } = await import(pathToFileURL(packages.resolve("eventsource")));
    return async (pieces) => {
      let requests = 0;
      let end;
      const ended = new Promise((resolve) => (end = resolve));
      const fetch = async (_, { headers }) => {
        requests += 1;
        if (requests === 1) return answer(pieces);
        end(header(headers));
        return new Response(null, { status: 204 });
      };
      const read = await listen(new EventSource(URL_OF_NOBODY, { fetch }), ended);
      return { ...read, reconnectionTime: time(3000) };
    };
  },

  "eventsource-parser": async () => {
    const { createParser } = await import(pathToFileURL(packages.resolve("eventsource-parser")));
    return (pieces) => {
      const decoder = new TextDecoder();
      const read = { events: [], lastEventId: "", reconnectionTime: null };
      const parser = createParser({
        onEvent: ({ event, data }) => read.events.push([event ?? "message", data, read.lastEventId]),
        onId: (id) => (read.lastEventId = id),
        onRetry: (retry) => (read.reconnectionTime = retry),
      });
      for (const piece of pieces) parser.feed(decoder.decode(piece, { stream: true }));
      parser.feed(decoder.decode());
      return read;
    };
  },

  "@microsoft/fetch-event-source": () => {
    globalThis.window = globalThis; // it is for pages
    globalThis.document = { addEventListener() {}, removeEventListener() {} };
    const { fetchEventSource } = packages("@microsoft/fetch-event-source");
    return async (pieces) => {
      let requests = 0;
      const read = { events: [], error: "does not connect again" };
      let kept = ""; // the caller keeps the last ID: an event without one has an empty one
      const fetch = async (_, { headers }) => {
        requests += 1;
        if (requests === 1) return answer(pieces);
        read.lastEventId = header(headers);
        delete read.error;
        throw new Error("enough");
      };
      const onmessage = ({ event, data, id }) => {
        kept = id || kept;
        read.events.push([event || "message", data, kept]);
      };
      const onclose = () => {
        throw new Error("again");
      };
      const onerror = () => {
        if (requests > 1) throw new Error("enough");
      };
      const options = { fetch, onmessage, onclose, onerror, openWhenHidden: true };
      await fetchEventSource(URL_OF_NOBODY, options).catch(() => {});
      return { ...read, reconnectionTime: time(1000) };
    };
  },
};

function version() {
  if (name === "streamside") return null;
  if (name === "Node.js") return process.versions.node;
  return JSON.parse(readFileSync(path.join(folder, "node_modules", name, "package.json"), "utf8")).version;
}

const read = await readers[name]();
const readings = [];
for (const pieces of streams) {
  asked = [];
  try {
    readings.push(await read(pieces));
  } catch (error) {
    readings.push({ error: error.name });
  }
}
process.stdout.write(JSON.stringify({ version: version(), readings }), () => process.exit());
