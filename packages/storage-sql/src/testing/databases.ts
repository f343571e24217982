export { startDolt, type TestDolt } from "./dolt.js";
export { type MariadbOptions, startMariadb, type TestMariadb } from "./mariadb.js";
export { type PostgresServerOptions, startPostgres, type TestPostgres } from "./postgres.js";
export { mountSmallDisk, type SmallDisk } from "./small-disk.js";
export { type FaultedWritesOptions, type FaultedWritesReport, writeUnderFaults } from "./writes-under-faults.js";
