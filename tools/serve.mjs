// The second half of `npm start`: sets up what is missing, then becomes the server, in this very process, so that signals reach it.
import { spawnSync } from "node:child_process";
import path from "node:path";
import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import { bundle, isUnchanged, root } from "./inputs.mjs";
import { loadBundle } from "./load-bundle.mjs";

if (!isUnchanged()) {
  // In a process of its own: what it reads would otherwise stay in the server's memory.
  const { status } = spawnSync(process.execPath, [path.join(root, "tools/setup.mjs")], { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) process.exit(status ?? 1);
}

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
// Modules that load leave garbage behind: it must not make the young generation large, which V8 seldom takes back. Once the start has
// settled, load may. Said again and again, since each thread that starts (the writer of SQLite does) sets it back for all.
const staySmall = () => v8.setFlagsFromString("--semi-space-growth-factor=1");
staySmall();
const stayingSmall = setInterval(staySmall, 10).unref();
const settled = (collectGarbage) => {
  clearInterval(stayingSmall);
  v8.setFlagsFromString("--semi-space-growth-factor=2");
  // What the start left behind goes back to the system instead of staying for good.
  collectGarbage();
};
const onReady = () => {
  // Before any other flag is set: what is kept is for the flags that it was compiled with.
  staySmall();
  keepCompiled();
  keepHeadroom();
  setInterval(keepHeadroom, headroomPeriodMs).unref();
  v8.setFlagsFromString("--expose-gc");
  setTimeout(settled, settledMs, vm.runInNewContext("gc")).unref();
};
const { exports, keepCompiled } = loadBundle(path.join(root, bundle));
await exports.main({ root, argv: process.argv.slice(2), env: process.env, onReady });
