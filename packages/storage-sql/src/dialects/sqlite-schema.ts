import { StoreDamaged } from "@dataplane/storage";
import { counterChecksum } from "../checksum.js";
import { SchemaTooNew } from "../errors.js";
import { type Database, numberOf, textOf } from "./sqlite-driver.js";
import { readFailure } from "./sqlite-failure.js";
import { addChecksums } from "./sqlite-migration.js";

const schemaVersion = 2;

// `log` is what happened, `current` the newest revision of each key that is there. `counter.swept` is how far compaction has
// deleted what `counter.oldest` allows. Text compares by its bytes (BINARY), which is the order of lists.
const schema = `
CREATE TABLE counter (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  oldest INTEGER NOT NULL,
  swept INTEGER NOT NULL,
  checksum INTEGER NOT NULL
);
INSERT INTO counter VALUES (1, 1, 1, 1, ${String(counterChecksum({ revision: 1, oldest: 1, swept: 1 }))});
CREATE TABLE log (
  revision INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  value BLOB NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE INDEX log_by_key ON log (key, revision);
CREATE TABLE current (
  key TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  expires INTEGER,
  checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX current_by_expiry ON current (expires) WHERE expires IS NOT NULL;
PRAGMA user_version = ${String(schemaVersion)};
`;

/**
 * Makes the tables of a new file, brings one of an earlier release up to date, and looks whether the file is whole: throws StoreDamaged when it is
 * not, SchemaTooNew for one that a newer release wrote.
 */
export function prepareFile(database: Database, path: string): void {
  try {
    database.exec("PRAGMA busy_timeout = 10000");
    prepare(database, path);
  } catch (thrown) {
    throw readFailure(thrown);
  }
}

function prepare(database: Database, path: string): void {
  const found = versionOf(database);
  if (found > schemaVersion) throw new SchemaTooNew(path, found, schemaVersion);
  // Only before there are tables: pages that become free can then be given back a few at a time.
  if (found === 0) database.exec("PRAGMA auto_vacuum = INCREMENTAL");
  database.exec("PRAGMA journal_mode = WAL");
  // Each commit reaches the disk before it is acknowledged.
  database.exec("PRAGMA synchronous = FULL");
  if (found === 0) {
    inTransaction(database, () => database.exec(schema));
    return;
  }
  requireWhole(database, path);
  if (found < schemaVersion) {
    inTransaction(database, () => {
      addChecksums(database, path);
      database.exec(`PRAGMA user_version = ${String(schemaVersion)}`);
    });
  }
  if (numberOf(database.prepare("PRAGMA auto_vacuum").get(), "auto_vacuum") !== 2) rebuildForVacuum(database);
}

/** An older file keeps its free pages until it is rebuilt once. That takes as much space again: without it the file only stays as large as it is. */
function rebuildForVacuum(database: Database): void {
  try {
    database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.exec("VACUUM");
  } catch {
    // The next start tries again.
  }
}

/** Reads the structure of the whole file; the values have checksums of their own. */
function requireWhole(database: Database, path: string): void {
  const [first] = findings(database, 1);
  if (first !== undefined) throw new StoreDamaged(`${path} is damaged: ${first}`);
}

/** What SQLite finds wrong with the structure of the file. */
export function findings(database: Database, most = 100): readonly string[] {
  const found = database.prepare(`PRAGMA integrity_check(${String(most)})`).all();
  const texts = found.map((row) => textOf(row, "integrity_check"));
  return texts.filter((text) => text !== "ok");
}

/** Throws SchemaTooNew, and an Error for a file of an earlier release, which its server brings forward. */
export function checkVersion(database: Database, path: string): void {
  const found = versionOf(database);
  if (found > schemaVersion) throw new SchemaTooNew(path, found, schemaVersion);
  if (found < schemaVersion) throw new Error(`${path} is of an earlier release: start the server once, which brings it forward`);
}

const versionOf = (database: Database): number => numberOf(database.prepare("PRAGMA user_version").get(), "user_version");

function inTransaction(database: Database, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (thrown) {
    database.exec("ROLLBACK");
    throw thrown;
  }
}
