export { RevisionCompacted, RevisionConflict, RevisionFuture, type Change, type Entry, type Listing, type Page, type PutOptions, type Store } from "./store.js";
