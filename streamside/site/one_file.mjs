// Puts a module and all that it imports into one file, for the browser: node one_file.mjs SOURCE TARGET FORMAT.
import { build } from "esbuild";

const [source, target, format] = process.argv.slice(2);
const keepNames = format === "iife"; // what a script puts in place of something keeps its name
await build({
  entryPoints: [source],
  outfile: target,
  bundle: true,
  format,
  minify: true,
  keepNames,
  logLevel: "error",
});
