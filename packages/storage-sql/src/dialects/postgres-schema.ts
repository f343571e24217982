/** See NetworkDialect.schema. */
export const postgresSchema: readonly (readonly string[])[] = [
  [
    // Updated by each batch: room on its page keeps the row there.
    `CREATE TABLE dataplane_counter (
       id SMALLINT PRIMARY KEY CHECK (id = 1),
       revision BIGINT NOT NULL,
       oldest BIGINT NOT NULL,
       swept BIGINT NOT NULL
     ) WITH (fillfactor = 10)`,
    `CREATE TABLE dataplane_log (
       revision BIGINT PRIMARY KEY,
       name BYTEA NOT NULL,
       deleted SMALLINT NOT NULL,
       previous BIGINT NOT NULL,
       batch BIGINT NOT NULL,
       checksum BIGINT NOT NULL,
       value BYTEA NOT NULL
     )`,
    "CREATE INDEX dataplane_log_by_name ON dataplane_log (name, revision)",
    `CREATE TABLE dataplane_current (
       name BYTEA PRIMARY KEY,
       revision BIGINT NOT NULL,
       expires BIGINT,
       checksum BIGINT NOT NULL
     ) WITH (fillfactor = 70)`,
    "CREATE INDEX dataplane_current_by_expiry ON dataplane_current (expires) WHERE expires IS NOT NULL",
  ],
];
