import type { Clock } from "@dataplane/meta";
import { StoreDamaged, StoreReadOnly, StoreUnavailable } from "@dataplane/storage";
import { type Availability, patience } from "./network-availability.js";
import type { NetworkDialect, SqlConnection, SqlFailure } from "./network-dialect.js";
import { ConnectionLost, type ConnectionPool } from "./network-pool.js";

export interface NetworkCalls {
  /** Of this server: times that are given to an engine, and that it gives, are by it. */
  readonly clock: Clock;
  readonly dialect: NetworkDialect;
  readonly availability: Availability;
  readonly pool: ConnectionPool;
}

/** What a failure of a call means; those of our own are known by class, the rest by the dialect. */
export function failureKind(dialect: NetworkDialect, error: unknown): SqlFailure {
  if (error instanceof ConnectionLost) return "lost";
  if (error instanceof StoreDamaged || error instanceof StoreReadOnly || error instanceof StoreUnavailable) return "other";
  return dialect.kindOf(error);
}

/**
 * Runs `work`, which may be run again: after a deadlock, and after a lost connection once the database is back. Rejects with StoreUnavailable when it
 * is away for long, StoreReadOnly when it takes no writes, else with what `work` rejects with. `ms` is what it may take while the database is well.
 */
export async function repeatedly<T>(
  { dialect, availability, pool }: NetworkCalls,
  work: (connection: SqlConnection) => Promise<T>,
  ms = patience,
): Promise<T> {
  const deadline = availability.deadline();
  for (;;) {
    await availability.back(deadline);
    const begun = performance.now();
    try {
      return await pool.use(ms - patience + Math.max(1, deadline - performance.now()), work);
    } catch (error) {
      const kind = failureKind(dialect, error);
      if (availability.isClosed) throw new Error("the store is closed", { cause: error });
      if (kind === "lost") availability.lost(error, begun);
      else if (kind === "read-only" || kind === "full") throw availability.refused(error);
      else if (kind === "other") throw error;
      if (performance.now() >= deadline) throw availability.unavailable(error);
    }
  }
}
