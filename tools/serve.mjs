// The second half of `npm start`: sets up what is missing, then becomes the server, in this very process, so that signals reach it.
import { spawnSync } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import v8 from "node:v8";
import vm from "node:vm";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
// In a process of its own: what it reads would otherwise stay in the server's memory.
const { status } = spawnSync(process.execPath, [path.join(root, "tools/setup.mjs")], { stdio: ["ignore", "inherit", "inherit"] });
if (status !== 0) process.exit(status ?? 1);
// Modules that load leave garbage behind: it must not make the young generation large for good. Once the server runs, load may.
v8.setFlagsFromString("--semi-space-growth-factor=1");
const onReady = () => {
  v8.setFlagsFromString("--semi-space-growth-factor=2");
  v8.setFlagsFromString("--expose-gc");
  const collectGarbage = vm.runInNewContext("gc");
  // Once, when the start has settled: what it left behind goes back to the system instead of staying for good.
  setTimeout(collectGarbage, 2_000).unref();
};
const { main } = await import(pathToFileURL(path.join(root, "packages/server/dist/bin/main.js")).href);
await main({ root, argv: process.argv.slice(2), env: process.env, onReady });
