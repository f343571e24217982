import { mysqlDialect } from "../dialects/mysql.js";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";

// Run as a process of its own, with a failpoint that stops it in its transaction: writes one key, and prints what became of that.
const [host = "", port = "", user = "", password = "", database = ""] = process.argv.slice(2);

const dialect = mysqlDialect({ host, port: Number(port), user, password, database });
const store = await openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 2 }) });
process.stdout.write("writing\n");
const outcome = await store.put("/stopped", Buffer.from("late"), { expected: 0n }).then(
  ({ revision }) => String(revision),
  (thrown: unknown) => String(thrown),
);
process.stdout.write(`${outcome}\n`);
await store.close();
