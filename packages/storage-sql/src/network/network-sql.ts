/** The statements that the databases of several servers have in common: PostgreSQL, MySQL 8 and MariaDB understand each. */

const entryColumns = "l.name, l.revision, l.deleted, l.previous, l.checksum, l.value";
const keyRange = "name >= ? AND name > ? AND name < ?";
const historyRows = 1000;
const historyBytes = 4 * 1024 * 1024;

/** Pages of history have at most so many changes. */
export const historyLimit = historyRows;

const marks = (count: number): string => Array.from({ length: count }, () => "?").join(", ");
const tuples = (rows: number, columns: number): string => Array.from({ length: rows }, () => `(${marks(columns)})`).join(", ");

export const commit = "COMMIT";
export const rollback = "ROLLBACK";
export const counter = "SELECT revision, oldest, swept FROM dataplane_counter WHERE id = 1";

/** Writers come here one after another, so that the order of commits is the order of revisions. */
export const lockCounter = "SELECT revision, oldest FROM dataplane_counter WHERE id = 1 FOR UPDATE";
/** The same, with the database's time. */
export const lockCounterAt = (now: string): string => `SELECT revision, oldest, ${now} AS moment FROM dataplane_counter WHERE id = 1 FOR UPDATE`;
export const setRevision = "UPDATE dataplane_counter SET revision = ? WHERE id = 1";
export const batchAt = "SELECT batch FROM dataplane_log WHERE revision = ?";

export const currentOf = (keys: number): string =>
  `SELECT ${entryColumns} FROM dataplane_current c JOIN dataplane_log l ON l.revision = c.revision WHERE c.name IN (${marks(keys)})`;
export const appendLog = (rows: number): string =>
  `INSERT INTO dataplane_log (revision, name, deleted, previous, batch, checksum, value) VALUES ${tuples(rows, 7)}`;
export const dropCurrent = (keys: number): string => `DELETE FROM dataplane_current WHERE name IN (${marks(keys)})`;

// Each read is one statement, and so one snapshot, with the counter of that very moment beside the rows.
const besideCounter = (rows: string, order: string): string =>
  `SELECT n.revision AS newest, n.oldest, r.* FROM dataplane_counter n LEFT JOIN (${rows}) r ON 1 = 1 WHERE n.id = 1 ORDER BY r.${order}`;

/** Values: first key, key before the first, key after the last, number of rows. */
export const listNewest = besideCounter(
  `SELECT ${entryColumns} FROM dataplane_current c JOIN dataplane_log l ON l.revision = c.revision
   WHERE ${keyRange.replaceAll("name", "c.name")} ORDER BY c.name LIMIT ?`,
  "name",
);

/** The same, then twice the revision before the number of rows. Of each key the newest version up to the revision: the index on (name, revision) finds it. */
export const listAt = besideCounter(
  `SELECT ${entryColumns} FROM dataplane_log l WHERE ${keyRange.replaceAll("name", "l.name")} AND l.revision <= ? AND l.deleted = 0
   AND l.revision = (SELECT MAX(v.revision) FROM dataplane_log v WHERE v.name = l.name AND v.revision <= ?) ORDER BY l.name LIMIT ?`,
  "name",
);

/** Values: revision before the first, last revision, first key, key after the last. Rows until their values are 4 MiB together, at least one; `page` counts them all. */
export const history = besideCounter(
  `SELECT ${entryColumns}, s.page, p.value AS p_value, p.previous AS p_previous, p.checksum AS p_checksum FROM (
     SELECT revision, size, SUM(size) OVER (ORDER BY revision) AS total, COUNT(*) OVER () AS page FROM (
       SELECT revision, OCTET_LENGTH(value) AS size FROM dataplane_log
       WHERE revision > ? AND revision <= ? AND name >= ? AND name < ? ORDER BY revision LIMIT ${String(historyRows)}) a) s
   JOIN dataplane_log l ON l.revision = s.revision LEFT JOIN dataplane_log p ON p.revision = l.previous
   WHERE s.total - s.size < ${String(historyBytes)}`,
  "revision",
);

export const expired = (now: string): string => `SELECT name, revision FROM dataplane_current WHERE expires <= ${now} ORDER BY expires LIMIT 500`;
/** How long the first to expire has left; negative when its time is over. */
export const nextExpiry = (now: string): string =>
  `SELECT expires - ${now} AS remaining FROM dataplane_current WHERE expires IS NOT NULL ORDER BY expires LIMIT 1`;

export const setOldest = "UPDATE dataplane_counter SET oldest = GREATEST(oldest, ?) WHERE id = 1";
/** Values: revision before the first, last revision, number of rows. */
export const superseding = "SELECT revision, previous, deleted FROM dataplane_log WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?";
export const forget = (rows: number): string => `DELETE FROM dataplane_log WHERE revision IN (${marks(rows)})`;
export const setSwept = "UPDATE dataplane_counter SET swept = GREATEST(swept, ?) WHERE id = 1";
