import { connect as connectSocket, isIP, type Socket } from "node:net";
import type { Connection, ConnectionOptions, SslOptions } from "mysql2";
import type { SqlConnection, SqlRow, SqlStatement, SqlValue } from "../network/network-dialect.js";
import { MysqlConnectionLost, mysqlFailure } from "./mysql-failure.js";
import { withLiterals } from "./mysql-literals.js";
import { SilenceAlarm } from "./silence-alarm.js";

/** How TLS to the database is checked; certificates are PEM. */
export interface MysqlTls {
  /** `require` encrypts, `verify-ca` checks the certificate's authority, `verify-full` its name too. */
  readonly mode: "require" | "verify-ca" | "verify-full";
  /** The system's authorities when absent. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface MysqlOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user?: string;
  readonly password?: string;
  /** Absent: no TLS. */
  readonly tls?: MysqlTls;
  /** Milliseconds without a byte from the database, while it owes an answer, after which the connection is given up. 10 s unless told. */
  readonly silenceMs?: number;
}

/** Who waits for less gives up by itself. */
const connectTimeoutMs = 20_000;
const defaultSilenceMs = 10_000;
const farewellMs = 500;

// Who stops in the middle of a transaction must not keep the others waiting: the server ends what has not been heard of for so many seconds,
// and who lives is heard of.
const heardWithinSeconds = 3;
const pingEveryMs = 1000;

// The largest object that the API takes is 3 MiB, and a value is sent as hexadecimal.
const leastPacket = 8 * 1024 * 1024;

/** Opens a connection and sets what the statements of the store need, whatever the server's defaults are. */
export async function connectMysql(options: MysqlOptions): Promise<SqlConnection> {
  // Loaded for who has such a database only.
  const { createConnection } = await import("mysql2");
  const socket = openSocket(options);
  const bytesMoved = (): number => socket.bytesRead + socket.bytesWritten;
  const connection = new MysqlConnection(createConnection(connectionOptions(options, socket)), bytesMoved, options.silenceMs ?? defaultSilenceMs);
  try {
    await connection.begin();
    return connection;
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}

class MysqlConnection implements SqlConnection {
  readonly #connection: Connection;
  readonly #silence: SilenceAlarm;
  /** Rejects what has no answer yet. */
  readonly #waiting = new Set<(thrown: Error) => void>();
  #lost: Error | undefined;
  #pings: NodeJS.Timeout | undefined;
  #packetBytes = leastPacket;

  constructor(connection: Connection, bytesMoved: () => number, silenceMs: number) {
    this.#connection = connection;
    this.#silence = new SilenceAlarm(bytesMoved, silenceMs, () =>
      this.#lose(new MysqlConnectionLost(`the database did not answer for ${String(silenceMs)} ms`)),
    );
    connection.on("error", (thrown: Error) => this.#lose(thrown));
    connection.on("end", () => this.#lose(new MysqlConnectionLost("the database closed the connection")));
  }

  get isUsable(): boolean {
    return this.#lost === undefined;
  }

  get maxStatementBytes(): number {
    // Bytes are twice as long in hexadecimal, and the rest of the statement needs room.
    return Math.floor((this.#packetBytes / 2) * 0.9);
  }

  /** Throws when the server cannot hold the store. */
  async begin(): Promise<void> {
    const session = ["sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'", "autocommit = 1", `wait_timeout = ${String(heardWithinSeconds)}`];
    const answers = await this.queryAll([
      // What does not fit is an error, and a backslash is no quote's end.
      { sql: `SET SESSION ${session.join(", SESSION ")}` },
      // Each statement is a snapshot of its own, and no row is locked but those that are written.
      { sql: "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED" },
      { sql: "SHOW VARIABLES WHERE Variable_name IN ('max_allowed_packet', 'log_bin', 'binlog_format')" },
    ]);
    this.#packetBytes = packetBytesIn(new Map(answers[2]?.map((row) => [String(row["Variable_name"]), String(row["Value"])])));
    // Some that speak the protocol have no such wait.
    await this.query("SET SESSION innodb_lock_wait_timeout = 5").catch((thrown: unknown) => {
      if (!this.isUsable) throw thrown;
    });
    this.#pings = setInterval(() => void this.#ping(), pingEveryMs);
    this.#pings.unref();
  }

  async query(sql: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    const [rows] = await this.queryAll([values === undefined ? { sql } : { sql, values }]);
    return rows ?? [];
  }

  async queryAll(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    const answers: (readonly SqlRow[])[] = [];
    const texts = statements.map(({ sql, values }) => withLiterals(sql, values ?? []));
    // The server runs a packet's statements up to the first that fails, and so what follows in other packets is not sent.
    for (const packet of packetsOf(texts, this.#packetBytes)) answers.push(...(await this.#send(packet)));
    return answers;
  }

  close(): Promise<void> {
    const idle = this.#lost === undefined && this.#waiting.size === 0;
    if (idle) {
      this.#connection.end();
      this.#retire(new MysqlConnectionLost("the connection is closed"));
      // A database that is away does not take leave.
      setTimeout(() => this.#connection.destroy(), farewellMs).unref();
    } else {
      this.#lose(new MysqlConnectionLost("the connection is closed"));
    }
    return Promise.resolve();
  }

  #send(texts: readonly string[]): Promise<readonly (readonly SqlRow[])[]> {
    return this.#answer((done) => {
      // Only several at once are answered by a list.
      this.#connection.query(texts.join(";"), (thrown: Error | null, result: unknown) => done(thrown, texts.length === 1 ? [result] : result));
    }).then((results) => (Array.isArray(results) ? results.map(rowsOf) : []));
  }

  async #ping(): Promise<void> {
    if (this.#waiting.size > 0) return;
    // Why it failed, who asks next is told.
    await this.#answer((done) => this.#connection.ping((thrown: unknown) => done(thrown instanceof Error ? thrown : null, undefined))).catch(
      () => undefined,
    );
  }

  #answer(ask: (done: (thrown: Error | null, result: unknown) => void) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#lost);
        return;
      }
      this.#waiting.add(reject);
      this.#silence.set();
      ask((thrown, result) => {
        this.#waiting.delete(reject);
        if (this.#waiting.size === 0) this.#silence.clear();
        if (thrown === null) {
          resolve(result);
          return;
        }
        if (mysqlFailure(thrown) === "lost") this.#lose(thrown);
        reject(thrown);
      });
    });
  }

  #lose(thrown: Error): void {
    this.#retire(thrown);
    this.#connection.destroy();
    for (const reject of this.#waiting) reject(this.#lost ?? thrown);
    this.#waiting.clear();
  }

  #retire(reason: Error): void {
    this.#lost ??= reason;
    this.#silence.clear();
    clearInterval(this.#pings);
  }
}

/** Throws, with what to set, when the server's settings keep it from holding the store. */
function packetBytesIn(variables: ReadonlyMap<string, string>): number {
  if (variables.get("log_bin") === "ON" && variables.get("binlog_format") === "STATEMENT") {
    throw new Error("binlog_format of the database is STATEMENT: it must be ROW or MIXED");
  }
  const packet = variables.get("max_allowed_packet") ?? "unknown";
  if (Number(packet) >= leastPacket) return Number(packet);
  throw new Error(`max_allowed_packet of the database is ${packet} bytes: it must be 8M or more`);
}

/** Texts in their order, as many in a packet as it can take. Throws when one is too large by itself: the server would end the connection. */
function packetsOf(texts: readonly string[], packetBytes: number): readonly (readonly string[])[] {
  const packets: string[][] = [];
  let last: string[] = [];
  // A byte of the packet's own, and one between two texts, which are ASCII.
  let bytes = Infinity;
  for (const text of texts) {
    if (text.length >= packetBytes) throw new RangeError("a value is larger than max_allowed_packet of the database allows");
    if (bytes + text.length + 1 > packetBytes) {
      last = [];
      packets.push(last);
      bytes = 1;
    }
    last.push(text);
    bytes += text.length + 1;
  }
  return packets;
}

const isRow = (value: unknown): value is SqlRow => typeof value === "object" && value !== null;

/** What is no SELECT is answered by a header in the place of rows. */
const rowsOf = (result: unknown): readonly SqlRow[] => (Array.isArray(result) ? result.filter(isRow) : []);

function connectionOptions({ host, port, database, user, password, tls }: MysqlOptions, stream: Socket): ConnectionOptions {
  return {
    stream,
    host,
    port,
    database,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { ssl: sslOptions(tls) }),
    connectTimeout: connectTimeoutMs,
    // Several statements go in one packet; none of them is made of anything but this package's text and hexadecimal.
    multipleStatements: true,
    // No server may ask for this machine's files.
    flags: ["-LOCAL_FILES"],
  };
}

function sslOptions({ mode, ca, cert, key }: MysqlTls): SslOptions {
  return {
    rejectUnauthorized: mode !== "require",
    verifyIdentity: mode === "verify-full",
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** The library upgrades it to TLS, where the server is asked to. */
function openSocket({ host, port }: MysqlOptions): Socket {
  const socket = connectSocket({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
  // Node checks a certificate against the name that the socket was connected to, and keeps none for an address: it would take "localhost".
  if (isIP(host) !== 0) Object.defineProperty(socket, "_host", { value: host });
  return socket;
}
