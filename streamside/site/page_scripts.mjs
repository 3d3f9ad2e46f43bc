// Puts a module and all that it imports into one file, and likewise each that is imported only when it is needed: a page
// waits for one answer, not for one after the other. node page_scripts.mjs FOLDER TARGET MODULE TABLE
import { resolve } from "node:path";
import { build } from "esbuild";

const [outbase, outdir, module, table] = process.argv.slice(2);
const entries = new Set([resolve(outbase, module)]);
const apart = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /\/bundle\.js$/ }, () => ({ path: resolve(table) }));
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== "dynamic-import") return undefined;
      entries.add(resolve(resolveDir, path));
      return { path, external: true };
    });
  },
};
const options = { outbase, outdir, bundle: true, format: "esm", minify: true, plugins: [apart], logLevel: "error" };
for (const entry of entries) await build({ ...options, entryPoints: [entry] }); // more are found meanwhile
