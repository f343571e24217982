import path from "node:path";
import type { FaultyDatabase } from "../engine.js";

/** A file in the server's data folder: it has no process and no connection of its own. */
export function openSqlite(): Promise<FaultyDatabase> {
  return Promise.resolve({
    environment: () => ({}),
    location: (dataPath) => ({ engine: "sqlite3", path: path.join(dataPath, "dataplane.db") }),
    kill: () => Promise.resolve(),
    restart: () => Promise.resolve(),
    pause: () => Promise.resolve(),
    resume: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  });
}
