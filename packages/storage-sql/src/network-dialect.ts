/** What a column holds; revisions and times are numbers (below 2^53), keys and values bytes. */
export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Readonly<Record<string, unknown>>;

/** One connection to a database behind a network. Statements run one after another. */
export interface SqlConnection {
  /** `?` stands for each value, in order. Rejects with what the database says; the dialect's `kindOf` tells what kind of failure that is. */
  query(sql: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** False once it broke: it is not used again. */
  readonly isUsable: boolean;
  /** The values of one statement may have so many bytes together; more is refused by the database. Infinity where it takes anything. */
  readonly maxStatementBytes: number;
  close(): Promise<void>;
}

/**
 * What a failure means: `repeat` the transaction was rolled back and may be tried again (deadlock, serialisation); `lost` the connection broke,
 * and whether a COMMIT under way took place is unknown; `read-only` and `full` nothing can be written now; `other` a fault of ours.
 */
export type SqlFailure = "repeat" | "lost" | "read-only" | "full" | "other";

/** What differs between databases that several servers share: this, and nothing else. One file each. */
export interface NetworkDialect {
  readonly name: "postgres" | "mysql";
  /** Host, port and database, for messages; without user and password. */
  readonly address: string;
  connect(): Promise<SqlConnection>;
  kindOf(error: unknown): SqlFailure;
  /** Opens a transaction that only reads, all of it from one snapshot. One round trip, though it may be several statements. */
  readonly beginRead: string;
  /** Opens a transaction that writes: each of its statements sees what was committed before that statement. */
  readonly beginWrite: string;
  /** Makes the tables where they are not there; run in a transaction or under a lock of the database's own, since servers may start at once. */
  readonly schema: readonly string[];
  /** `INSERT … ` of that many rows (key, revision, expires) into the table of current keys, replacing those that are there. */
  upsertCurrent(rows: number): string;
  /** Undefined where the database cannot tell others of a write: they look at the counter every few milliseconds. */
  readonly notifications?: {
    /** Part of the writing transaction. */
    readonly send: string;
    /** Calls back after each notification, until the connection breaks. */
    listen(connection: SqlConnection, onNotification: () => void): Promise<void>;
  };
}
