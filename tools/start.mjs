// `npm start`: set up what is missing, then become the server, in this very process, so that signals reach it.
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

// Old Nodes must get one line, not a syntax error: nothing newer than they can parse comes before this check.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Data Plane Aggregator needs Node 20.19 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}

const { root, setUp } = await import("./setup.mjs");
setUp();
const { main } = await import(pathToFileURL(path.join(root, "packages/server/dist/main.js")).href);
await main({ root, argv: process.argv.slice(2), env: process.env });
