import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { openNetwork } from "../network-engine.js";
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
    database.pause();
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
    test(`while it ${name}, no acknowledged write is lost, none happens twice, and a watch sees each once and in order`, async () => {
      if (server === undefined) return;
      const { host, port, user, password } = server;
      const dialect = mysqlDialect({ host, port, user, password, database: await server.createDatabase() });
      const store = await openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 4 }) });
      try {
        const report = await writeUnderFaults({ store, root: "/faults", writers: 16, faults: () => fault(server) });
        expect(report.violations).toEqual([]);
        expect(report.acknowledged).toBeGreaterThan(200);
        expect(report.longestPauseMs).toBeLessThan(15_000);
      } finally {
        await store.close();
      }
    }, 60_000);
  }
});
