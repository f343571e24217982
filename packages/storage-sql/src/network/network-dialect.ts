/** What a column holds; revisions and times are numbers (below 2^53), keys and values bytes. */
export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Readonly<Record<string, unknown>>;

/** `?` stands for each value, in order. The same text comes again and again: a library that can prepares it once a connection. */
export interface SqlStatement {
  readonly sql: string;
  readonly values?: readonly SqlValue[];
}

/** One connection to a database behind a network. Statements run one after another. */
export interface SqlConnection {
  /** Rejects with what the database says; the dialect's `kindOf` tells what kind of failure that is. */
  query(sql: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /**
   * The rows of each, in order. All are sent at once where the library can, so that they cost one round trip; rejects with the first failure, and
   * then a transaction that was open is not committed, also if one of them is COMMIT.
   */
  queryAll(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]>;
  /** False once it broke: it is not used again. */
  readonly isUsable: boolean;
  /** The values of one statement may have so many bytes together; more is refused by the database. Infinity where it takes anything. */
  readonly maxStatementBytes: number;
  /** Ends it at once, without waiting for an answer: calls under way reject. */
  close(): Promise<void>;
}

/**
 * What a failure means: `repeat` the transaction was rolled back and may be tried again (deadlock, serialisation); `lost` the connection broke or
 * could not be made, and whether a COMMIT under way took place is unknown; `read-only` and `full` nothing can be written now; `other` a fault of ours.
 */
export type SqlFailure = "repeat" | "lost" | "read-only" | "full" | "other";

/** How a database tells others of a write. */
export interface SqlNotifications {
  /** Part of the writing transaction; its one value is the newest revision as text. */
  readonly send: string;
  /** Resolves once it listens; then calls back after each notification with the revision that it names, and once when the connection breaks. */
  listen(connection: SqlConnection, onNotification: (revision: number) => void, onBroken: () => void): Promise<void>;
}

/** What differs between databases that several servers share: this, and nothing else. One file each. */
export interface NetworkDialect {
  readonly name: "postgres" | "mysql";
  /** Host, port and database, for messages; without user and password. */
  readonly address: string;
  /** May take as long as it likes: one that comes too late is closed. An abandoned transaction is to end by itself on the server within a few seconds. */
  connect(): Promise<SqlConnection>;
  kindOf(error: unknown): SqlFailure;
  /**
   * An expression: milliseconds since the epoch by the database's clock, the same throughout a statement, whatever the time zone. What lives for a time is
   * measured by this one clock, so that a server whose own is wrong deletes nothing early.
   */
  readonly now: string;
  /** Opens a transaction that writes: each of its statements sees what was committed before that statement. */
  readonly beginWrite: string;
  /**
   * Versions of the schema, oldest first; each is what makes the version before it (nothing, of the first) into this one. Tables, all with bytewise keys:
   * dataplane_schema (version INT), dataplane_counter (id, revision, oldest, swept), dataplane_log (revision PRIMARY KEY, name, deleted, previous,
   * batch, checksum, value; index on name, revision), dataplane_current (name PRIMARY KEY, revision, expires NULL, checksum; index on expires).
   */
  readonly schema: readonly (readonly string[])[];
  /** Runs `make` on the connection while no other server is within it, in a transaction where the database's DDL has any. */
  whileSchemaIsMine(connection: SqlConnection, make: () => Promise<void>): Promise<void>;
  /** `INSERT … ` of that many rows (name, revision, expires, checksum) into dataplane_current, replacing those that are there. */
  upsertCurrent(rows: number): string;
  /** Undefined where the database cannot tell others of a write: they look at the counter every few milliseconds. */
  readonly notifications?: SqlNotifications;
}
