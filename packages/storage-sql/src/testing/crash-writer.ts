import { RevisionConflict } from "@dataplane/storage";
import { openSqlite } from "../dialects/sqlite.js";
import { openSqlStore } from "../sql-store.js";

// Run as a process of its own by crash-campaign.ts: writes until it is killed, and prints each write once it is acknowledged.
const [path = "", driver = "libsql", writers = "16"] = process.argv.slice(2);

const store = await openSqlStore({ dialect: openSqlite(path, { driver: driver === "node" ? "node" : "libsql" }) });

async function write(writer: number): Promise<never> {
  const key = `/crash/${String(writer)}`;
  let expected = (await store.get(key))?.revision ?? 0n;
  for (let step = 0; ; step += 1) {
    try {
      const value = `${String(process.pid)}-${String(step)}`;
      const own = await store.put(`${key}/${value}`, Buffer.from(value), { expected: 0n });
      process.stdout.write(`${own.key} ${String(own.revision)} ${value}\n`);
      const shared = await store.put(key, Buffer.from(value), { expected });
      process.stdout.write(`${key} ${String(shared.revision)} ${value}\n`);
      expected = shared.revision;
    } catch (thrown) {
      if (!(thrown instanceof RevisionConflict)) throw thrown;
      expected = thrown.actual;
    }
  }
}

process.stdout.write("ready\n");
await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
