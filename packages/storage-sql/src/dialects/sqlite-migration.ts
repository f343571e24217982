import { StoreDamaged } from "@dataplane/storage";
import { counterChecksum, currentChecksum, logChecksum } from "../checksum.js";
import { bytesOf, type Database, numberOf, type Row, textOf } from "./sqlite-driver.js";

const rowsAtOnce = 500;

/**
 * From schema version 1 to 2: checksums of each row, of what the rows say now. Runs in a transaction of the caller's. Throws StoreDamaged, and so changes
 * nothing, when the tables do not agree.
 */
export function addChecksums(database: Database, path: string): void {
  requireAgreement(database, path);
  for (const table of ["counter", "log", "current"]) database.exec(`ALTER TABLE ${table} ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0`);
  const ofLog = database.prepare("UPDATE log SET checksum = ? WHERE revision = ?");
  const log = database.prepare("SELECT revision, key, deleted, previous, value FROM log WHERE revision > ? ORDER BY revision LIMIT ?");
  forEach(
    log.all(0, rowsAtOnce),
    (last) => log.all(numberOf(last, "revision"), rowsAtOnce),
    (row) => ofLog.run(checksumOf(row), numberOf(row, "revision")),
  );
  const ofCurrent = database.prepare("UPDATE current SET checksum = ? WHERE key = ?");
  const current = database.prepare("SELECT key, revision, expires FROM current WHERE key > ? ORDER BY key LIMIT ?");
  forEach(
    current.all("", rowsAtOnce),
    (last) => current.all(textOf(last, "key"), rowsAtOnce),
    (row) => {
      const key = textOf(row, "key");
      const expires = row["expires"] === null ? null : numberOf(row, "expires");
      ofCurrent.run(currentChecksum(key, numberOf(row, "revision"), expires), key);
    },
  );
  const counter = database.prepare("SELECT revision, oldest, swept FROM counter").get();
  const numbers = { revision: numberOf(counter, "revision"), oldest: numberOf(counter, "oldest"), swept: numberOf(counter, "swept") };
  database.prepare("UPDATE counter SET checksum = ? WHERE id = ?").run(counterChecksum(numbers), 1);
}

/** Each key that is there has its value in the log, which ends where the counter stands. */
function requireAgreement(database: Database, path: string): void {
  const stray = database
    .prepare(
      "SELECT c.key AS key FROM current c LEFT JOIN log l ON l.revision = c.revision AND l.key = c.key AND l.deleted = 0 WHERE l.revision IS NULL LIMIT 1",
    )
    .get();
  if (stray !== undefined) {
    const key = textOf(stray, "key");
    throw new StoreDamaged(`${path} is damaged: the value of ${JSON.stringify(key)} is missing`, key);
  }
  const ends = database.prepare("SELECT revision, (SELECT coalesce(max(revision), 0) FROM log) AS last FROM counter").get();
  if (numberOf(ends, "last") > numberOf(ends, "revision")) throw new StoreDamaged(`${path} is damaged: its log goes on after its counter`);
}

function forEach(first: readonly Row[], next: (last: Row) => readonly Row[], work: (row: Row) => void): void {
  for (let rows = first; ; ) {
    for (const row of rows) work(row);
    const last = rows.at(-1);
    if (last === undefined) return;
    rows = next(last);
  }
}

const checksumOf = (row: Row): number =>
  logChecksum({
    revision: numberOf(row, "revision"),
    key: textOf(row, "key"),
    deleted: numberOf(row, "deleted") !== 0,
    previous: numberOf(row, "previous"),
    value: bytesOf(row, "value"),
  });
