import type { ConnectionOptions } from "node:tls";
import type { Client } from "pg";
import type { SqlConnection, SqlRow, SqlStatement, SqlValue } from "../network/network-dialect.js";
import { postgresFailure } from "./postgres-failure.js";
import { postgresTypes } from "./postgres-types.js";

export interface PostgresOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Absent: no TLS. */
  readonly tls?: PostgresTls;
}

/** How TLS to the database is checked; certificates are PEM. */
export interface PostgresTls {
  /** `require` encrypts, `verify-ca` checks the certificate's authority, `verify-full` its name too. */
  readonly mode: "require" | "verify-ca" | "verify-full";
  /** The system's authorities when absent. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

// What a session is told; a peer that speaks PostgreSQL's protocol may not know all of it. A transaction whose server went away does not hold up the
// others for long. Each statement finds its rows by an index: plans of other kinds are only ever chosen by a wrong guess.
const settings = [
  "SET idle_in_transaction_session_timeout = 3000",
  "SET jit = off",
  "SET enable_seqscan = off",
  "SET enable_hashjoin = off",
  "SET enable_mergejoin = off",
  "SET enable_bitmapscan = off",
  // What is acknowledged is on the disk, whatever the database's default is.
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
] as const;

const goodbyeMs = 500;

/** One connection by the library `pg`, which is loaded here. */
export async function connectPostgres({ host, port, database, user, password, tls }: PostgresOptions): Promise<PostgresConnection> {
  const pg = await import("pg");
  const client = new pg.Client({
    ...{ host, port, database, user, password, ssl: tls === undefined ? false : checksOf(tls), application_name: "dataplane" },
    ...{ pipeline: true, types: postgresTypes, keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
  });
  const connection = new PostgresConnection(client);
  try {
    await client.connect();
    await Promise.all(settings.map((setting) => connection.query(setting).catch(unlessLost)));
    return connection;
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}

function checksOf({ mode, ...certificates }: PostgresTls): ConnectionOptions {
  return {
    ...certificates,
    rejectUnauthorized: mode !== "require",
    // Who checks the authority alone takes any name.
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

function unlessLost(error: unknown): void {
  if (postgresFailure(error) === "lost") throw error;
}

/** Statements are sent at once, one behind another, and prepared the first time. */
export class PostgresConnection implements SqlConnection {
  readonly maxStatementBytes = Infinity;
  readonly #client: Client;
  /** Text of each statement as PostgreSQL numbers its values, and the name that it is prepared under. */
  readonly #prepared = new Map<string, { readonly name: string; readonly text: string }>();
  /** Resolves once it is closed, by whomever. */
  readonly ended: Promise<void>;
  #isBroken = false;
  #pending = 0;

  constructor(client: Client) {
    this.#client = client;
    this.ended = new Promise((resolve) => {
      client.on("end", () => {
        this.#isBroken = true;
        resolve();
      });
    });
    // Calls under way are told by themselves.
    client.on("error", () => (this.#isBroken = true));
  }

  get isUsable(): boolean {
    return !this.#isBroken;
  }

  async query(sql: string, values: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    this.#pending += 1;
    try {
      const { rows } = await this.#client.query<SqlRow>({ ...this.#prepare(sql), values: [...values] });
      return rows;
    } catch (error) {
      if (postgresFailure(error) === "lost") this.#isBroken = true;
      throw error;
    } finally {
      this.#pending -= 1;
    }
  }

  async queryAll(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    const results = await Promise.allSettled(statements.map(({ sql, values }) => this.query(sql, values)));
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  /** Calls back with the text of each notification. */
  onNotification(listener: (payload: string) => void): void {
    this.#client.on("notification", ({ payload = "" }) => listener(payload));
  }

  async close(): Promise<void> {
    const { stream } = this.#client.connection;
    if (this.#isBroken || this.#pending > 0) stream.destroy();
    else void this.#client.end().catch(() => undefined);
    this.#isBroken = true;
    const timer = setTimeout(() => stream.destroy(), goodbyeMs);
    if (!stream.destroyed) await this.ended;
    clearTimeout(timer);
  }

  #prepare(sql: string): { readonly name?: string; readonly text: string } {
    // Transactions, settings and tables: nothing to prepare.
    if (!/^(?:SELECT|INSERT|UPDATE|DELETE) /.test(sql)) return { text: sql };
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    let count = 0;
    const statement = { name: `dataplane-${String(this.#prepared.size)}`, text: sql.replaceAll("?", () => `$${String(++count)}`) };
    this.#prepared.set(sql, statement);
    return statement;
  }
}
