import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startMariadb, type TestMariadb } from "../testing/mariadb.js";
import { writeUnderFaults } from "../testing/writes-under-faults.js";
import { mysqlDialect } from "./mysql.js";

const server = await startMariadb();
afterAll(() => server?.stop());

const faults: Readonly<Record<string, (database: TestMariadb) => Promise<void>>> = {
  "is killed and started again": async (database) => {
    for (let round = 0; round < 3; round += 1) {
      await database.kill();
      await sleep(200);
      await database.restart();
      await sleep(300);
    }
  },
  "is stopped for a while": async (database) => {
    await database.pause();
    // Longer than any call waits.
    await sleep(7000);
    database.resume();
  },
  "ends and is started again": (database) => database.restart(),
  "ends every connection again and again": async (database) => {
    for (let round = 0; round < 10; round += 1) {
      await database.sql(`KILL CONNECTION USER ${database.user}`);
      await sleep(50);
    }
  },
  "takes no writes for a while": async (database) => {
    await database.sql("SET GLOBAL read_only = 1");
    await sleep(500);
    await database.sql("SET GLOBAL read_only = 0");
  },
};

describe.skipIf(server === undefined)(server === undefined ? "MariaDB under faults (needs mariadb-server)" : "MariaDB under faults", () => {
  for (const [name, fault] of Object.entries(faults)) {
    test(`while it ${name}, no acknowledged write is lost, none happens twice, and a watch sees each once and in order`, async ({ skip }) => {
      if (server === undefined) return skip();
      const { host, port, user, password } = server;
      const dialect = mysqlDialect({ host, port, user, password, database: await server.createDatabase() });
      const store = await openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 4 }) });
      try {
        const report = await writeUnderFaults({ store, root: "/faults", writers: 16, faults: () => fault(server) });
        expect(report.violations).toEqual([]);
        expect(report.acknowledged).toBeGreaterThanOrEqual(200);
        // Soon after the database is well again all is well.
        expect(report.longestPauseMs).toBeLessThan(report.harmedMs + 15_000);
      } finally {
        await store.close();
      }
    }, 60_000);
  }

  test("a server that is stopped in its transaction holds up the others for seconds only, and writes once when it goes on", async ({ skip }) => {
    if (server === undefined) return skip();
    const { host, port, user, password } = server;
    const database = await server.createDatabase();
    const dialect = mysqlDialect({ host, port, user, password, database });
    const store = await openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 2 }) });
    const other = startStoppedWriter([host, String(port), user, password, database]);
    try {
      await other.said("writing");
      await other.isStopped();
      const begun = performance.now();
      const { revision } = await store.put("/mine", Buffer.from("x"), { expected: 0n });
      // The database ends an idle transaction after 3 s.
      expect(performance.now() - begun).toBeLessThan(20_000);
      other.child.kill("SIGCONT");
      const own = await store.get("/stopped").then(async (early) => early ?? (await other.ended(), store.get("/stopped")));
      expect(own?.revision).toBe(revision + 1n);
      expect(other.output()).toBe(`writing\n${String(own?.revision)}\n`);
    } finally {
      other.child.kill("SIGKILL");
      await store.close();
    }
  });
});

function startStoppedWriter(parameters: readonly string[]) {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const script = fileURLToPath(new URL("../testing/stopped-writer.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=source", "--import", loader, script, ...parameters], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, DATAPLANE_FAILPOINTS: "before-commit=stop" },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const end = once(child, "close");
  return {
    child,
    output: () => output,
    ended: () => end,
    said: (text: string) => expect.poll(() => output, { timeout: 20_000 }).toContain(text),
    /** The state of a stopped process is T: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
    isStopped: () => expect.poll(() => readFileSync(`/proc/${String(child.pid)}/stat`, "utf8"), { timeout: 10_000 }).toMatch(/\) T /),
  };
}
