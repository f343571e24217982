import { benchApiServer } from "./apiserver/apiserver.js";
import { benchQuery } from "./query/query.js";
import { benchRoute } from "./route/route.js";
import { benchStart } from "./start/start.js";
import { benchStorage } from "./storage/storage.js";
import { benchStream } from "./stream/stream.js";

/** Each prints a table and writes bench/results/<name>.json. */
const benchmarks: Readonly<Record<string, () => Promise<void>>> = {
  start: benchStart,
  query: benchQuery,
  route: benchRoute,
  stream: benchStream,
  apiserver: benchApiServer,
  storage: benchStorage,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(", ")}; there are: ${Object.keys(benchmarks).join(", ")}`);
  process.exit(2);
}
for (const [name, run] of Object.entries(benchmarks)) {
  if (names.length === 0 || names.includes(name)) await run();
}
