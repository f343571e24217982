import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "@dataplane/meta";
import { type Entry, failpoint, type History, type Listing, type Page, RevisionFuture, type StoreHealth } from "@dataplane/storage";
import type { Dialect, Engine, ExpiredKey, Write, WriteResult } from "../engine.js";
import { Availability } from "./network-availability.js";
import { type NetworkCalls, repeatedly } from "./network-calls.js";
import type { NetworkDialect, SqlConnection } from "./network-dialect.js";
import { NetworkFollower, type OnNews } from "./network-follower.js";
import { ConnectionPool } from "./network-pool.js";
import { NetworkReader } from "./network-reader.js";
import { numberIn } from "./network-rows.js";
import { prepareSchema } from "./network-schema.js";
import * as sql from "./network-sql.js";
import { NetworkWriter, takeBack } from "./network-writer.js";
import { inPaddedGroups } from "./sql-batches.js";

export interface NetworkOptions {
  /** Connections that read at once; writing takes one more, compacting one and listening one. */
  readonly maxConnections: number;
  /** The one that the store above is given; the system's unless told. */
  readonly clock?: Clock;
}

// What one transaction of compaction deletes: a few milliseconds.
const sweepRows = 500;
// Rows that stay within their pages: MariaDB crashes when it finds no room for the parts of larger ones.
const probeRows = 64;
const probeRowBytes = 4096;
const probeTime = 3_000;
/** At a start all of a machine starts at once: a database that accepts a connection is given this long to answer. */
const openTime = 20_000;
/** Other servers may be at it, and a large database takes its time. */
const schemaTime = 60_000;

/** A database that several servers share. Opening rejects with StoreUnavailable when it does not answer, SchemaTooNew when a newer release wrote it. */
export function openNetwork(dialect: NetworkDialect, { maxConnections, clock = systemClock }: NetworkOptions): Dialect {
  return async () => {
    const engine = new NetworkEngine(dialect, maxConnections, clock);
    try {
      await engine.start();
      return engine;
    } catch (thrown) {
      await engine.close();
      throw thrown;
    }
  };
}

class NetworkEngine implements Engine {
  readonly #dialect: NetworkDialect;
  readonly #availability: Availability;
  readonly #probes: ConnectionPool;
  readonly #reads: NetworkCalls;
  readonly #writes: NetworkCalls;
  readonly #sweeps: NetworkCalls;
  readonly #reader: NetworkReader;
  readonly #writer: NetworkWriter;
  #follower: NetworkFollower | undefined;
  #isClosed = false;

  constructor(dialect: NetworkDialect, maxConnections: number, clock: Clock) {
    const pool = (most: number): ConnectionPool => new ConnectionPool({ connect: () => dialect.connect(), most });
    const availability = new Availability({
      address: dialect.address,
      tryToRead: () => this.#tryToRead(),
      tryToWrite: () => this.#tryToWrite(),
      onAway: () => this.#dropIdle(),
    });
    this.#dialect = dialect;
    this.#availability = availability;
    this.#probes = pool(1);
    this.#reads = { clock, dialect, availability, pool: pool(maxConnections) };
    this.#writes = { clock, dialect, availability, pool: pool(1) };
    this.#sweeps = { clock, dialect, availability, pool: pool(1) };
    this.#reader = new NetworkReader(this.#reads);
    this.#writer = new NetworkWriter(this.#writes);
  }

  async start(): Promise<void> {
    await this.#tryToConnect();
    await repeatedly(this.#writes, (connection) => prepareSchema(this.#dialect, connection), schemaTime);
  }

  revision(): Promise<bigint> {
    return this.#reader.revision();
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#reader.get(key);
  }

  list(prefix: string, page: Page): Promise<Listing> {
    return this.#reader.list(prefix, page);
  }

  history(prefix: string, after: bigint, last: bigint): Promise<History> {
    return this.#reader.history(prefix, after, last);
  }

  write(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    return this.#writer.write(writes);
  }

  async compact(before: bigint): Promise<void> {
    failpoint("before-compact");
    const newest = await this.revision();
    if (before > newest) throw new RevisionFuture(newest);
    await repeatedly(this.#sweeps, (connection) => connection.query(sql.setOldest, [Number(before)]));
    failpoint("during-compact");
    let isDone = false;
    while (!isDone && !this.#isClosed) isDone = await repeatedly(this.#sweeps, sweep);
    failpoint("after-compact");
  }

  expired(): Promise<readonly ExpiredKey[]> {
    return this.#reader.expired();
  }

  nextExpiry(): Promise<number | undefined> {
    return this.#reader.nextExpiry();
  }

  follow(onNews: OnNews): void {
    this.#follower = new NetworkFollower({ dialect: this.#dialect, onNews });
    this.#follower.start();
  }

  health(): StoreHealth {
    return this.#availability.health();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#availability.close();
    const pools = [this.#probes, this.#reads.pool, this.#writes.pool, this.#sweeps.pool];
    await Promise.all([this.#follower?.close(), ...pools.map((pool) => pool.close())]);
  }

  #dropIdle(): void {
    for (const { pool } of [this.#reads, this.#writes, this.#sweeps]) pool.dropIdle();
  }

  async #tryToConnect(): Promise<void> {
    await repeatedly(this.#writes, (connection) => connection.query("SELECT 1"), openTime);
  }

  /** By a new connection, since one from before may be dead without a word. */
  async #tryToRead(): Promise<void> {
    this.#probes.dropIdle();
    await this.#probes.use(probeTime, (connection) => connection.query(sql.counter));
  }

  /** Large enough that it has to find room, and taken back. */
  async #tryToWrite(): Promise<void> {
    await this.#probes.use(probeTime, async (connection) => {
      await connection.query(this.#dialect.beginWrite);
      try {
        await connection.query(sql.lockCounter);
        const rows = Array.from({ length: probeRows }, (_, index) => [-1 - index, Buffer.from("/"), 1, 0, 0, 0, randomBytes(probeRowBytes)]);
        await connection.query(sql.appendLog(probeRows), rows.flat());
      } finally {
        await takeBack(connection);
      }
    });
  }
}

/** Deletes some of what nobody can ask for any more: what a change up to `oldest` replaced, and such deletions themselves. True when nothing is left. */
async function sweep(connection: SqlConnection): Promise<boolean> {
  const [row] = await connection.query(sql.counter);
  const [oldest, swept] = [numberIn(row, "oldest"), numberIn(row, "swept")];
  if (swept >= oldest) return true;
  const rows = await connection.query(sql.superseding, [swept, oldest, sweepRows]);
  const forgotten = rows.flatMap((each) => {
    const previous = numberIn(each, "previous");
    return [...(previous === 0 ? [] : [previous]), ...(numberIn(each, "deleted") === 1 ? [numberIn(each, "revision")] : [])];
  });
  const reached = rows.length < sweepRows ? oldest : numberIn(rows.at(-1), "revision");
  // Two servers that sweep the same rows do no harm: what is gone stays gone.
  const deletions = inPaddedGroups(
    forgotten.toSorted((left, right) => left - right),
    sql.forget,
  );
  for (const deletion of deletions) await connection.query(deletion.sql, deletion.values);
  await connection.query(sql.setSwept, [reached]);
  return reached >= oldest;
}
