// For authors of stores.
export { Alarm } from "./alarm.js";
export { exportStore, type ImportIntoStoreOptions, importIntoStore } from "./copy-by-store.js";
export { type Failpoint, failpoint } from "./failpoint.js";
export { checkKey, compareKeys, keyPosition, prefixEnd } from "./key.js";
export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.js";
export { shareNext } from "./share-next.js";
export {
  type Change,
  type Entry,
  type Listing,
  OutcomeUnknown,
  type Page,
  type PutOptions,
  RevisionCompacted,
  RevisionConflict,
  RevisionFuture,
  type Store,
  StoreDamaged,
  type StoreHealth,
  StoreReadOnly,
  StoreUnavailable,
  ValueTooLarge,
} from "./store.js";
export {
  type CopiedEntry,
  incompleteKey,
  requireComplete,
  type StoreExport,
  type StoreImport,
  StoreIncomplete,
  StoreNotEmpty,
} from "./store-copy.js";
export { changeKey, changeRevision, type History, type ReadHistory, WatchHub, type WatchHubOptions, type WriteChange } from "./watch-hub.js";
