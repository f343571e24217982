import { OutcomeUnknown, type Store, StoreReadOnly, StoreUnavailable } from "@dataplane/storage";
import { openSqlite } from "../dialects/sqlite.js";
import { openSqlStore } from "../sql-store.js";

// Run as a process of its own by disk-campaign.ts, on a disk that fails: writes until it is killed, and prints what became of each write.
const [path = "", driver = "libsql", run = "0"] = process.argv.slice(2);
const writers = 8;
const pauseMs = 5;

const store = await openSqlStore({ dialect: openSqlite(path, { driver: driver === "node" ? "node" : "libsql", probeInterval: 20 }) });

async function write(writer: number): Promise<never> {
  for (let step = 0; ; step += 1) {
    const key = `/disk/${run}-${String(writer)}-${String(step)}`;
    try {
      const { revision } = await store.put(key, Buffer.from(key.repeat(1 + (step % 40))), { expected: 0n });
      process.stdout.write(`written ${key} ${String(revision)}\n`);
    } catch (thrown) {
      if (!isForeseen(thrown)) throw thrown;
      process.stdout.write(`${thrown instanceof StoreReadOnly ? "refused" : "unknown"} ${key} ${thrown.name}\n`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    if (step % 64 === 63) await store.compact(await store.revision()).catch(() => undefined);
  }
}

const isForeseen = (thrown: unknown): thrown is Error =>
  thrown instanceof StoreReadOnly || thrown instanceof OutcomeUnknown || thrown instanceof StoreUnavailable;

/** Reads must be right, or fail as what cannot be read. */
async function read(from: Store): Promise<never> {
  for (;;) {
    await from.list("/disk/", { limit: 50 }).catch((thrown: unknown) => {
      if (!isForeseen(thrown)) throw thrown;
      process.stdout.write(`unread - ${thrown.name}\n`);
    });
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

process.stdout.write("ready - -\n");
await Promise.all([read(store), ...Array.from({ length: writers }, (_, writer) => write(writer))]);
