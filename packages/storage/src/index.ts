// For authors of stores.
export { Alarm } from "./alarm.js";
export { checkKey, compareKeys, keyPosition, prefixEnd } from "./key.js";
export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.js";
export {
  type Change,
  type Entry,
  type Listing,
  type Page,
  type PutOptions,
  RevisionCompacted,
  RevisionConflict,
  RevisionFuture,
  type Store,
} from "./store.js";
export { changeKey, changeRevision, type History, type ReadHistory, WatchHub, type WatchHubOptions, type WriteChange } from "./watch-hub.js";
