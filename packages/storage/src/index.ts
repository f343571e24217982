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
