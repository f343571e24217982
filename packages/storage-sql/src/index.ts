export { openSqlite, type SqliteOptions } from "./dialects/sqlite.js";
export { nodeHasSqlite, type SqliteDriver } from "./dialects/sqlite-driver.js";
export { openSqliteExport } from "./dialects/sqlite-export.js";
export { openSqliteImport } from "./dialects/sqlite-import.js";
export type { Dialect, Engine, ExpiredKey, Write, WriteResult } from "./engine.js";
export { SchemaTooNew, StoreLocked } from "./errors.js";
export { openNetworkExport } from "./network-export.js";
export { openNetworkImport } from "./network-import.js";
export { openSqlStore, type SqlStoreOptions } from "./sql-store.js";
