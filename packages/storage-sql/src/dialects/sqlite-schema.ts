import { SchemaTooNew } from "../errors.js";
import { type Database, numberOf } from "./sqlite-driver.js";

const schemaVersion = 1;

// `log` is what happened, `current` the newest revision of each key that is there. `counter.swept` is how far compaction has
// deleted what `counter.oldest` allows. Text compares by its bytes (BINARY), which is the order of lists.
const schema = `
CREATE TABLE counter (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  oldest INTEGER NOT NULL,
  swept INTEGER NOT NULL
);
INSERT INTO counter VALUES (1, 1, 1, 1);
CREATE TABLE log (
  revision INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  value BLOB NOT NULL
);
CREATE INDEX log_by_key ON log (key, revision);
CREATE TABLE current (
  key TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  expires INTEGER
) WITHOUT ROWID;
CREATE INDEX current_by_expiry ON current (expires) WHERE expires IS NOT NULL;
PRAGMA user_version = ${String(schemaVersion)};
`;

/** Makes the tables of a new file; refuses one that a newer release wrote. */
export function migrate(database: Database, path: string): void {
  database.exec("PRAGMA busy_timeout = 10000");
  database.exec("PRAGMA journal_mode = WAL");
  // Each commit reaches the disk before it is acknowledged.
  database.exec("PRAGMA synchronous = FULL");
  const found = numberOf(database.prepare("PRAGMA user_version").get(), "user_version");
  if (found > schemaVersion) throw new SchemaTooNew(path, found, schemaVersion);
  if (found === schemaVersion) return;
  database.exec("BEGIN IMMEDIATE");
  database.exec(schema);
  database.exec("COMMIT");
}
