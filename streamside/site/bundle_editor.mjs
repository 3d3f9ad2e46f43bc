// Puts a module and all that it imports into one file, for the browser: node bundle_editor.mjs SOURCE TARGET.
import { build } from "esbuild";

const [source, target] = process.argv.slice(2);
await build({ entryPoints: [source], outfile: target, bundle: true, format: "esm", minify: true, logLevel: "error" });
