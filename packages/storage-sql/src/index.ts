export { openSqlite, type SqliteOptions } from "./dialects/sqlite.js";
export { nodeHasSqlite, type SqliteDriver } from "./dialects/sqlite-driver.js";
export type { Dialect, Engine, ExpiredKey, Write, WriteResult } from "./engine.js";
export { SchemaTooNew, StoreLocked } from "./errors.js";
export { openSqlStore, type SqlStoreOptions } from "./sql-store.js";
