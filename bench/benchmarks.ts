import type { Benchmark } from "./measure/finding.js";

/** Every benchmark, in the order of a whole run. Each is loaded for its turn, so that one can run where another's needs are missing. */
export const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  start: async () => (await import("./start/start.js")).benchStart,
  query: async () => (await import("./query/query.js")).benchQuery,
  workers: async () => (await import("./workers/workers.js")).benchWorkers,
  "large-query": async () => (await import("./large-query/large-query.js")).benchLargeQuery,
  route: async () => (await import("./route/route.js")).benchRoute,
  registration: async () => (await import("./registration/registration.js")).benchRegistration,
  stream: async () => (await import("./stream/stream.js")).benchStream,
  apiserver: async () => (await import("./apiserver/apiserver.js")).benchApiServer,
  growth: async () => (await import("./growth/growth.js")).benchGrowth,
  storage: async () => (await import("./storage/storage.js")).benchStorage,
};
