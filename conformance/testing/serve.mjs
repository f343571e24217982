// What tools/start.mjs ends in, without the set-up before it: `npm test` has done that, and a build may not start within a test.
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { main } from "../../packages/server/dist/main.js";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
await main({ root, argv: process.argv.slice(2), env: process.env });
