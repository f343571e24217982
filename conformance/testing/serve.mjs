// What tools/start.mjs ends in, without the set-up before it: `npm test` has done that, and a build may not start within a test.
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { main } from "../../packages/server/dist/main.js";

// A root without plugins, where a test has no use for them.
const root = process.env.DATAPLANE_TEST_ROOT ?? path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
await main({ root, argv: process.argv.slice(2), env: process.env });
