import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlConnection } from "../network/network-dialect.js";
import { startMariadb, type TestMariadb } from "../testing/mariadb.js";
import { mysqlDialect } from "./mysql.js";
import type { MysqlOptions, MysqlTls } from "./mysql-connection.js";
import { mysqlFailure } from "./mysql-failure.js";

const plain = await startMariadb({ arguments: ["--innodb-lock-wait-timeout=1"] });
const encrypted = await startMariadb({ tls: true });
afterAll(() => Promise.all([plain?.stop(), encrypted?.stop()]));

const title = (name: string): string => (plain === undefined || encrypted === undefined ? `${name} (needs mariadb-server)` : name);

describe.skipIf(plain === undefined)(title("a connection to MariaDB"), () => {
  const server = present(plain);
  let database: string;
  beforeAll(async () => {
    database = await server().createDatabase();
  });
  const connect = (options: Partial<MysqlOptions> = {}): Promise<SqlConnection> => mysqlDialect(optionsOf(server(), database, options)).connect();

  test("values of every kind come back as they were sent", async () => {
    await using connection = disposable(await connect());
    await connection.it.query("CREATE TABLE kinds (id BIGINT PRIMARY KEY, bytes LONGBLOB, number BIGINT NULL)");
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await connection.it.query("INSERT INTO kinds VALUES (?, ?, ?), (?, ?, ?)", [1, bytes, null, 2 ** 53 - 1, "é'\\ ?", -5]);
    const rows = await connection.it.query("SELECT id, bytes, number FROM kinds ORDER BY id");
    expect(rows.map((row) => [row["id"], row["number"]])).toEqual([
      [1, null],
      [2 ** 53 - 1, -5],
    ]);
    expect(rows[0]?.["bytes"]).toEqual(Buffer.from(bytes));
    expect(String(rows[1]?.["bytes"])).toBe("é'\\ ?");
  });

  test("several statements are answered each by its rows, and a failure keeps a COMMIT after it from taking place", async () => {
    await using connection = disposable(await connect());
    const sql = (text: string): { readonly sql: string } => ({ sql: text });
    const answers = await connection.it.queryAll([
      sql("CREATE TABLE several (id INT PRIMARY KEY)"),
      sql("SELECT 1 AS a UNION SELECT 2"),
      sql("SELECT 3 AS b"),
    ]);
    expect(answers.map((rows) => rows.map((row) => ({ ...row })))).toEqual([[], [{ a: 1 }, { a: 2 }], [{ b: 3 }]]);
    const twice = sql("INSERT INTO several VALUES (1)");
    await expect(connection.it.queryAll([sql("START TRANSACTION"), twice, twice, sql("COMMIT")])).rejects.toMatchObject({ errno: 1062 });
    await connection.it.query("ROLLBACK");
    expect(await connection.it.query("SELECT id FROM several")).toEqual([]);
    expect(connection.it.isUsable).toBe(true);
  });

  test("statements that are too large for one packet go in several", async () => {
    await using connection = disposable(await connect());
    await connection.it.query("CREATE TABLE large (id INT PRIMARY KEY, bytes LONGBLOB)");
    const bytes = new Uint8Array(connection.it.maxStatementBytes).fill(7);
    const statements = [1, 2, 3].map((id) => ({ sql: "INSERT INTO large VALUES (?, ?)", values: [id, bytes] }));
    await connection.it.queryAll([{ sql: "START TRANSACTION" }, ...statements, { sql: "COMMIT" }]);
    const rows = await connection.it.query("SELECT id, LENGTH(bytes) AS size FROM large ORDER BY id");
    expect(rows.map(({ size }) => size)).toEqual([bytes.length, bytes.length, bytes.length]);
  });

  test("a value that no packet can hold is refused before it is sent", async () => {
    await using connection = disposable(await connect());
    const bytes = new Uint8Array(connection.it.maxStatementBytes * 1.2);
    await expect(connection.it.query("SELECT LENGTH(?)", [bytes])).rejects.toThrow(RangeError);
    expect(await connection.it.query("SELECT 1 AS one")).toHaveLength(1);
  });

  test("a server that could not hold the store is refused, with what to set", async () => {
    const small = await startMariadb({ arguments: ["--max-allowed-packet=1M"] });
    const statements = await startMariadb({ arguments: ["--log-bin=log", "--server-id=1", "--binlog-format=STATEMENT"] });
    try {
      await expect(connectTo(small)).rejects.toThrow("max_allowed_packet of the database is 1048576 bytes: it must be 8M or more");
      await expect(connectTo(statements)).rejects.toThrow("binlog_format of the database is STATEMENT: it must be ROW or MIXED");
    } finally {
      await Promise.all([small?.stop(), statements?.stop()]);
    }
  }, 60_000);

  test("a deadlock and a wait for a lock that takes too long are to be repeated", async () => {
    await using first = disposable(await connect());
    await using second = disposable(await connect());
    await first.it.query("CREATE TABLE locks (id INT PRIMARY KEY, n INT)");
    await first.it.query("INSERT INTO locks VALUES (1, 0), (2, 0)");
    await Promise.all([first.it.query("START TRANSACTION"), second.it.query("START TRANSACTION")]);
    await first.it.query("UPDATE locks SET n = 1 WHERE id = 1");
    await second.it.query("UPDATE locks SET n = 1 WHERE id = 2");
    const outcomes = await Promise.allSettled([
      first.it.query("UPDATE locks SET n = 1 WHERE id = 2"),
      second.it.query("UPDATE locks SET n = 1 WHERE id = 1"),
    ]);
    const reasons = outcomes.flatMap((each) => (each.status === "rejected" ? [mysqlFailure(each.reason)] : []));
    expect(reasons).toEqual(["repeat"]);
    await Promise.all([first.it.query("ROLLBACK"), second.it.query("ROLLBACK")]);

    await first.it.queryAll([{ sql: "START TRANSACTION" }, { sql: "UPDATE locks SET n = 1 WHERE id = 1" }]);
    await second.it.query("SET SESSION innodb_lock_wait_timeout = 1");
    await expect(second.it.query("UPDATE locks SET n = 1 WHERE id = 1").catch(mysqlFailure)).resolves.toBe("repeat");
    await first.it.query("ROLLBACK");
  });

  test("a database that takes no writes says so", async () => {
    await using connection = disposable(await connect());
    await connection.it.query("CREATE TABLE frozen (id INT PRIMARY KEY)");
    await server().sql("SET GLOBAL read_only = 1");
    try {
      await expect(connection.it.query("INSERT INTO frozen VALUES (1)").catch(mysqlFailure)).resolves.toBe("read-only");
    } finally {
      await server().sql("SET GLOBAL read_only = 0");
    }
    await connection.it.query("INSERT INTO frozen VALUES (1)");
  });

  test("a value that does not fit is refused and not cut", async () => {
    await using connection = disposable(await connect());
    await connection.it.query("CREATE TABLE narrow (id VARBINARY(4) PRIMARY KEY)");
    await expect(connection.it.query("INSERT INTO narrow VALUES (?)", ["12345"])).rejects.toMatchObject({ errno: 1406 });
  });

  test("an idle connection is kept by who lives, and given up by the server within seconds when its owner is silent", async () => {
    await using connection = disposable(await connect());
    const [row] = await connection.it.query("SELECT @@wait_timeout AS seconds");
    expect(row?.["seconds"]).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 4500));
    expect(connection.it.isUsable).toBe(true);
    expect(await connection.it.query("SELECT 1 AS one")).toHaveLength(1);
  });

  test("a wrong password is refused without being told, and a port where nobody listens is a lost connection", async () => {
    const refused = await connect({ password: "my secret" }).catch((thrown: unknown) => thrown);
    expect(String(refused)).toContain("Access denied");
    expect(String(refused)).not.toContain("my secret");
    expect(mysqlFailure(refused)).toBe("other");
    await expect(connect({ port: 1 }).catch(mysqlFailure)).resolves.toBe("lost");
  });

  test("the server's death, its silence and its end are lost connections, and a connection afterwards is well", async () => {
    const [killed, silent, ended] = await Promise.all([connect(), connect({ silenceMs: 300 }), connect()]);
    const asleep = Promise.all([killed, ended].map((connection) => connection.query("SELECT SLEEP(20)").catch(mysqlFailure)));
    await server().pause();
    await expect(silent.query("SELECT 1").catch(mysqlFailure)).resolves.toBe("lost");
    await server().kill();
    expect(await asleep).toEqual(["lost", "lost"]);
    for (const connection of [killed, silent, ended]) {
      expect(connection.isUsable).toBe(false);
      await connection.close();
    }
    await server().restart();
    await using again = disposable(await connect());
    expect(await again.it.query("SELECT 1 AS one")).toHaveLength(1);
    await server().restart();
    await expect(again.it.query("SELECT 1").catch(mysqlFailure)).resolves.toBe("lost");
  });

  test("closing rejects what is under way", async () => {
    const connection = await connect();
    const query = connection.query("SELECT SLEEP(20)").catch(mysqlFailure);
    await connection.close();
    await expect(query).resolves.toBe("lost");
    expect(connection.isUsable).toBe(false);
    await connection.close();
  });
});

describe.skipIf(encrypted === undefined)(title("a connection to MariaDB by TLS"), () => {
  const server = present(encrypted);
  let database: string;
  let ca: string;
  beforeAll(async () => {
    database = await server().createDatabase();
    ca = await readFile(server().caFile ?? "", "utf8");
  });
  const cipher = async (tls: MysqlTls | undefined, host?: string): Promise<unknown> => {
    const options = { ...(tls === undefined ? {} : { tls }), ...(host === undefined ? {} : { host }) };
    await using connection = disposable(await mysqlDialect(optionsOf(server(), database, options)).connect());
    const [row] = await connection.it.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    return row?.["Value"];
  };

  test("is encrypted in each mode that its certificate fits", async () => {
    expect(await cipher({ mode: "require" })).toMatch(/AES|CHACHA/);
    expect(await cipher({ mode: "verify-ca", ca })).toMatch(/AES|CHACHA/);
    expect(await cipher({ mode: "verify-full", ca })).toMatch(/AES|CHACHA/);
  });

  test("is refused when the authority is not known, or the name is not the certificate's", async () => {
    await expect(cipher({ mode: "verify-ca" })).rejects.toThrow(/self-signed/);
    await expect(cipher({ mode: "verify-full" })).rejects.toThrow(/self-signed/);
    // The certificate is for 127.0.0.1, and not for this name of it.
    await expect(cipher({ mode: "verify-full", ca }, "localhost")).rejects.toThrow(/altnames/);
    expect(await cipher({ mode: "verify-ca", ca }, "localhost")).toMatch(/AES|CHACHA/);
  });

  test("is not made in the clear where TLS was asked for", async () => {
    await expect(cipher(undefined)).rejects.toThrow("Access denied");
    if (plain === undefined) return;
    const open = mysqlDialect(optionsOf(plain, "test_1", { tls: { mode: "require" } }));
    await expect(open.connect()).rejects.toThrow(/secure connection/);
  });
});

async function connectTo(server: TestMariadb | undefined): Promise<void> {
  const connection = await mysqlDialect(optionsOf(present(server)(), await present(server)().createDatabase(), {})).connect();
  await connection.close();
}

const optionsOf = ({ host, port, user, password }: TestMariadb, database: string, options: Partial<MysqlOptions>): MysqlOptions => ({
  host,
  port,
  user,
  password,
  database,
  ...options,
});

function present(server: TestMariadb | undefined): () => TestMariadb {
  return () => {
    if (server === undefined) throw new Error("MariaDB is not installed");
    return server;
  };
}

const disposable = (it: SqlConnection): { readonly it: SqlConnection } & AsyncDisposable => ({ it, [Symbol.asyncDispose]: () => it.close() });
