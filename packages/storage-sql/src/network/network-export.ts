import { setTimeout as sleep } from "node:timers/promises";
import type { Change, StoreExport } from "@dataplane/storage";
import type { Engine } from "../engine.js";
import type { NetworkDialect, SqlRow } from "./network-dialect.js";
import { openNetwork } from "./network-engine.js";
import { keyIn, numberIn } from "./network-rows.js";

const pollMs = 200;
const connections = 2;

/** Reads a database beside the servers that share it. Rejects with StoreUnavailable when it does not answer, SchemaTooNew when a newer release wrote it. */
export async function openNetworkExport(dialect: NetworkDialect): Promise<StoreExport> {
  const engine = await openNetwork(dialect, { maxConnections: connections })();
  return {
    revision: () => engine.revision(),
    list: (prefix, page) => engine.list(prefix, page),
    changes: (after, signal) => changes(engine, after, signal),
    count: async () => numberIn((await rowsOf(dialect, "SELECT COUNT(*) AS amount FROM dataplane_current"))[0], "amount"),
    expiries: async () => {
      const rows = await rowsOf(dialect, "SELECT name, expires FROM dataplane_current WHERE expires IS NOT NULL");
      return new Map(rows.map((row) => [keyIn(row), numberIn(row, "expires")]));
    },
    problems: () => Promise.resolve([]),
    close: () => engine.close(),
  };
}

async function rowsOf(dialect: NetworkDialect, sql: string): Promise<readonly SqlRow[]> {
  const connection = await dialect.connect();
  try {
    return await connection.query(sql);
  } finally {
    await connection.close();
  }
}

async function* changes(engine: Engine, after: bigint, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
  let seen = after;
  while (!signal.aborted) {
    const newest = await engine.revision();
    if (newest === seen) {
      yield { type: "progress", revision: seen };
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const page = await engine.history("/", seen, newest);
    yield* page.changes;
    seen = page.upTo;
  }
}
