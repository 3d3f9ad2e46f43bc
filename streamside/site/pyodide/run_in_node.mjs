// Runs the `main` of a program in Pyodide under Node.js: node run_in_node.mjs '{"program": …}' (runner.py says what else).
// The folders in `mounts` are there under those names. A snapshot of the memory, as it is afterwards, goes into `snapshot`.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const PAGE = 1024; // words: what of the memory is kept or left out
const { program, mounts, stdlib, snapshot } = JSON.parse(process.argv[2]);
const home = dirname(createRequire(import.meta.url).resolve("pyodide/package.json"));
// A snapshot taken with stack switching runs only with it, and not all browsers have it.
delete WebAssembly.Suspending;
const { loadPyodide } = await import(pathToFileURL(`${home}/pyodide.mjs`).href);
const { default: createPyodideModule } = await import(pathToFileURL(`${home}/pyodide.asm.mjs`).href);
const { info } = JSON.parse(readFileSync(`${home}/pyodide-lock.json`, "utf8"));
let fresh = new Uint32Array();

const python = await loadPyodide({
  lockFileContents: { info, packages: {} },
  env: { PYTHONHASHSEED: "0" }, // the same bytes every time
  _makeSnapshot: Boolean(snapshot),
  ...(stdlib && { stdLibURL: resolve(stdlib) }),
  createPyodideModule(settings) {
    const { instantiateWasm } = settings;
    settings.instantiateWasm = (imports, done) =>
      instantiateWasm(imports, (instance, module) => {
        fresh = new Uint32Array(instance.exports.memory.buffer.slice());
        done(instance, module);
      });
    return createPyodideModule(settings);
  },
});
for (const [name, folder] of Object.entries(mounts)) {
  python.FS.mkdirTree(name);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: resolve(folder) }, name);
}
try {
  const globals = python.globals.get("dict")();
  python.runPython(readFileSync(program, "utf8"), { globals });
  await globals.get("main")();
  if (snapshot) writeFileSync(snapshot, changes(python.makeMemorySnapshot()));
  process.exit(0); // what an example has left running does not keep us
} catch (error) {
  console.error(error.message); // not the whole error: Node.js would print Pyodide's own source with it
  process.exit(1);
}

/**
 * The snapshot without what a fresh instance of the module holds anyway: half to unpack, and a third less to fetch. In it
 * are a header; of the memory its size and the number of pages that differ, those pages' numbers, and the pages: all in
 * words of 4 bytes. `python-worker.js` gives it back.
 * @param {Uint8Array} whole
 */
function changes(whole) {
  const [, begin] = new Uint32Array(whole.buffer, 0, 2); // of the memory, after a header (Pyodide's `makeSnapshot`)
  const header = new Uint32Array(whole.buffer, 0, begin / 4);
  const memory = new Uint32Array(whole.buffer, begin);
  const pages = Array.from({ length: memory.length / PAGE }, (_, page) =>
    memory.subarray(page * PAGE, (page + 1) * PAGE),
  );
  const isChanged = (/** @type {number} */ page) =>
    pages[page].some((word, at) => word !== (fresh[page * PAGE + at] ?? 0));
  const changed = [...pages.keys()].filter(isChanged);
  const parts = [
    header,
    Uint32Array.of(memory.length, changed.length, ...changed),
    ...changed.map((page) => pages[page]),
  ];
  return Buffer.concat(
    parts.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  );
}
