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

/** V8 shrinks the young generation only where little was made in the five seconds before (and the start makes much). */
const settledMs = 6_000;
const headroomPeriodMs = 10_000;
/** As V8's own limit for a busy heap. */
const mostGrowthPercent = 300;
const headroomBytes = 64 * 2 ** 20;

// V8 lets a heap grow by as much as its objects are made fast. Bytes outside of it, such as frames and bodies, count against that limit but
// not as speed: after a garbage collection at rest the limit lies so low that an answer of 10 MiB costs two collections of everything.
// So a small heap gets room of a fixed size; a large one is left to V8.
const keepHeadroom = () => {
  const { used_heap_size: used } = v8.getHeapStatistics();
  const percent = used > headroomBytes ? 0 : Math.min(mostGrowthPercent, Math.round((100 * headroomBytes) / used));
  v8.setFlagsFromString(`--heap-growing-percent=${percent}`);
};
const onReady = () => {
  keepHeadroom();
  setInterval(keepHeadroom, headroomPeriodMs).unref();
  v8.setFlagsFromString("--expose-gc");
  const collectGarbage = vm.runInNewContext("gc");
  // Once, when the start has settled: what it left behind goes back to the system instead of staying for good.
  setTimeout(collectGarbage, settledMs).unref();
};
const { main } = await import(pathToFileURL(path.join(root, "packages/server/dist/bin/main.js")).href);
await main({ root, argv: process.argv.slice(2), env: process.env, onReady });
