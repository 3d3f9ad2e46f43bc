// Writes scripts and styles as short as they can be said, one by one: node minify.mjs FOLDER TARGET FILE…
import { build } from "esbuild";

const [outbase, outdir, ...entryPoints] = process.argv.slice(2);
await build({ entryPoints, outbase, outdir, minify: true, legalComments: "none", logLevel: "error" });
