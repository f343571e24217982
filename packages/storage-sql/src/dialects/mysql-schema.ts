const table = "ENGINE = InnoDB ROW_FORMAT = DYNAMIC";

/** See NetworkDialect.schema. Each statement may find that it was run before: DDL is no part of a transaction here. */
export const mysqlSchema: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS dataplane_counter (
  id INT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  oldest BIGINT NOT NULL,
  swept BIGINT NOT NULL
) ${table}`,
    `CREATE TABLE IF NOT EXISTS dataplane_log (
  revision BIGINT NOT NULL PRIMARY KEY,
  name VARBINARY(1024) NOT NULL,
  deleted TINYINT NOT NULL,
  previous BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  checksum BIGINT NOT NULL,
  value LONGBLOB NOT NULL,
  INDEX dataplane_log_by_name (name, revision)
) ${table}`,
    `CREATE TABLE IF NOT EXISTS dataplane_current (
  name VARBINARY(1024) NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  expires BIGINT NULL,
  checksum BIGINT NOT NULL,
  INDEX dataplane_current_by_expiry (expires)
) ${table}`,
  ],
];
