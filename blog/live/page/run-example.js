/**
 * Runs examples: Python in one worker for the whole page, the service worker between it and the frames.
 *
 *     const running = await start("basic_stream", {});
 *     frame.src = running.url;
 *
 * A `Running` tells what goes over its wire (`wire`: a WireMessage), and that it was ended from elsewhere (`ended`:
 * `{why}`): by the page's leaving, or with another example that would not stop.
 */
import { after } from "./after.js";
import { fetchAssets } from "./assets-ahead.js";
import { fetchProgram } from "./example-program.js";
import { obstacle } from "./obstacle.js";
import { python } from "./python.js";
import { Running } from "./running.js";
import { servers, stops } from "./servers.js";
import { serviceWorkerLink } from "./service-worker-link.js";
import { Obstacle, StartError, STOPPED } from "./start-error.js";

export { Obstacle, obstacle, Running, StartError };

const BEGINNING = 3_000; // ms for which a new server has the service worker to itself
const UNUSED = 600_000; // ms for which Python is kept while no server runs
const UNSEEN = 60_000; // ms for which, in a page that is not shown

/** @typedef {import("./running.js").CableState} CableState */
/** @typedef {import("./running.js").Listeners} Listeners */
/** @typedef {import("./example-program.js").Program} Program */
/** @typedef {import("./python.js").OnProgress} OnProgress */
/**
 * @typedef {object} Options
 * @property {boolean} [isFolder]  the example has several files
 * @property {Record<string, string>} [files]  those to run instead of the example's own
 * @property {string} [path]  what the frame is to show
 * @property {Partial<CableState>} [cable]  the cable's state from the first request on
 * @property {OnProgress} [onprogress]
 * @property {Listeners["onprint"]} [onprint]
 * @property {Listeners["onflood"]} [onflood]
 * @property {AbortSignal} [signal]  gives up while it is starting; a program that does not let go is ended
 */

/**
 * Serve an example, or an edited version of it (`files`).
 * @param {string} example  its name, such as "basic_stream"
 * @param {Options} [options]
 * @returns {Promise<Running>}  rejects with `StartError`
 */
export async function start(example, options = {}) {
  const {
    isFolder = false,
    files,
    path = "/",
    cable = {},
    onprogress = () => {},
    onprint = () => {},
    onflood = () => {},
    signal,
  } = options;
  const reason = await obstacle();
  if (reason) throw new Obstacle(reason);
  await Promise.all(stops); // of which one may yet end Python
  if (signal?.aborted) throw new StartError(STOPPED);
  const fetching = programOf(example, isFolder, files);
  const packages = fetching.then((program) => program.packages && python.packages(example, program.packages));
  packages.catch(() => {}); // told as the program's
  fetching.then(({ files }) => fetchAssets(files)).catch(() => {});
  const [program] = await Promise.all([fetching, python.boot(onprogress, signal), serviceWorkerLink.ready()]);
  await (await packages)?.wait(onprogress, signal);
  if (signal?.aborted) throw new StartError(STOPPED);
  onprogress("Starting the server", 0.95);
  const running = new Running(example, program, path, cable, { onprint, onflood });
  const giveUp = () => void running.stop();
  signal?.addEventListener("abort", giveUp);
  await running.begin().finally(() => signal?.removeEventListener("abort", giveUp));
  after(BEGINNING).then(() => serviceWorkerLink.keepForNextVisit());
  onprogress("Running", 1);
  return running;
}

/**
 * @param {string} example
 * @param {boolean} isFolder
 * @param {Record<string, string>} [files]  instead of its own
 * @returns {Promise<Program>}
 */
async function programOf(example, isFolder, files) {
  if (files && !isPacked(example, isFolder)) return { files, environment: {} };
  try {
    const program = ahead.get(example) ?? (await fetchProgram(example, isPacked(example, isFolder)));
    return { ...program, files: files ?? program.files };
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Whether the site has more of an example than its file.
 * @param {string} example
 * @param {boolean} isFolder
 */
const isPacked = (example, isFolder) => isFolder || python.hasApart(example);

/**
 * Start Python ahead, and fetch what the example is made of, so that `start` has only the program to run. Nothing of it
 * shows, and what fails is told by `start`.
 * @param {string} example
 * @param {boolean} [isFolder]
 */
export async function prepare(example, isFolder = false) {
  if (python.prepared.has(example) || hasFailedAhead || (await obstacle())) return;
  python.prepared.add(example);
  try {
    await Promise.all([python.bootAhead(), serviceWorkerLink.ready()]);
    if (!servers.size) python.ask("import", {}).catch(() => {}); // it was ended
    const program = await fetchProgram(example, isPacked(example, isFolder));
    ahead.set(example, program);
    const packages = program.packages && python.packages(example, program.packages);
    await Promise.all([packages?.done, fetchAssets(program.files)]);
  } catch {
    hasFailedAhead = true;
  }
}

let hasFailedAhead = false;
/** Programs that have been fetched ahead. @type {Map<string, Program>} */
const ahead = new Map();

python.onprint = (server, lines, late) => {
  for (const running of server ? [servers.get(server)] : servers.values()) running?.print(lines, late);
};
python.onuse = endUnused;
python.onend = (why) => {
  serviceWorkerLink.end(why);
  for (const running of [...servers.values()]) running.ended(why);
};
addEventListener("pagehide", () => python.booted && python.end("The page was left."));
document.addEventListener("visibilitychange", endUnused);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let unused;

/** End Python when nobody has used it for long: it takes a hundred megabytes. */
function endUnused() {
  const isUnused = () => python.booted && !servers.size && !python.waiting.size;
  clearTimeout(unused);
  unused = setTimeout(() => isUnused() && python.end("Nobody used it."), document.hidden ? UNSEEN : UNUSED);
}
