// Seconds of CPU that streaming-markdown takes for a list of words on stdin, with a renderer that keeps nothing.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { parser, parser_end, parser_write } = await import(pathToFileURL(process.argv[2]).href);
const words = JSON.parse(readFileSync(0, "utf-8"));
const nothing = () => {};
const renderer = { data: {}, add_token: nothing, end_token: nothing, add_text: nothing, set_attr: nothing };

const before = process.cpuUsage();
const writing = parser(renderer);
for (const word of words) parser_write(writing, word);
parser_end(writing);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1e6);
