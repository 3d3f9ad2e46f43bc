// Writes scripts and styles without comments and indentation, one by one: node without_comments.mjs FOLDER TARGET FILE…
import { build } from "esbuild";

const [outbase, outdir, ...entryPoints] = process.argv.slice(2);
await build({ entryPoints, outbase, outdir, minifyWhitespace: true, legalComments: "none", logLevel: "error" });
