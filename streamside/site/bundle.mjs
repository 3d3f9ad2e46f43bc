// Runs the `main` of a program in Pyodide under Node.js: node bundle.mjs PROGRAM FOLDER [STDLIB.zip]; the folder is /work in there.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [program, folder, stdlib] = process.argv.slice(2);
const home = dirname(createRequire(import.meta.url).resolve("pyodide/package.json"));
const { loadPyodide } = await import(pathToFileURL(`${home}/pyodide.mjs`).href);
const { info } = JSON.parse(readFileSync(`${home}/pyodide-lock.json`, "utf8"));

const python = await loadPyodide({
  lockFileContents: { info, packages: {} },
  ...(stdlib && { stdLibURL: resolve(stdlib) }),
});
python.FS.mkdirTree("/work");
python.FS.mount(python.FS.filesystems.NODEFS, { root: resolve(folder) }, "/work");
try {
  python.runPython(readFileSync(program, "utf8"));
  await python.globals.get("main")();
  process.exit(0); // what an example has left running does not keep us
} catch (error) {
  console.error(error.message); // not the whole error: Node.js would print Pyodide's own source with it
  process.exit(1);
}
