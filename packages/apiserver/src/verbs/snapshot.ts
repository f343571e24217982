import { ApiError } from "@dataplane/meta";
import { type Listing, RevisionCompacted, RevisionFuture } from "@dataplane/storage";
import { StoredValue } from "../codec.js";
import { encodeContinuation } from "./continue-token.js";
import type { ListOptions } from "./list-options.js";
import type { Selection } from "./selection.js";
import type { VerbServices } from "./verb-call.js";

/** A page of objects, as they were at one revision. */
export interface Snapshot {
  readonly items: readonly StoredValue[];
  readonly revision: bigint;
  /** The token of the next page; undefined for the last one. */
  readonly next: string | undefined;
  /** How many follow; undefined when selectors make it unknown. */
  readonly remaining: number | undefined;
}

/** Reads what a list asks for: from the cache where it holds that state, else from the store's history. */
export async function readSnapshot(services: VerbServices, selection: Selection, options: ListOptions): Promise<Snapshot> {
  const { cache } = services;
  if (options.mode === "newest") await cache.fresh();
  if (options.mode === "atLeast" || options.mode === "exact") await cache.reached(options.revision);
  const isPast = options.mode === "exact" && !cache.unchangedSince(selection.prefix, options.revision);
  if (isPast) return readHistory(services, selection, options);
  const revision = options.mode === "exact" ? options.revision : cache.revision;
  return page(cached(services, selection, options), selection, options, revision);
}

function cached({ cache }: VerbServices, { key, prefix }: Selection, { after }: ListOptions): readonly StoredValue[] {
  if (key === undefined) return cache.under(prefix, after === undefined ? undefined : prefix + after);
  const only = cache.get(key);
  return only === undefined ? [] : [only];
}

async function readHistory({ store }: VerbServices, selection: Selection, options: ListOptions): Promise<Snapshot> {
  const { prefix } = selection;
  const start = options.after === undefined ? {} : { after: prefix + options.after };
  try {
    const { entries, revision } = await store.list(prefix, { at: options.revision, ...start });
    const values = entries.map((entry: Listing["entries"][number]) => new StoredValue(entry.key, entry.revision, entry.value, entry.damage));
    return await page(values, selection, options, revision);
  } catch (error) {
    if (error instanceof RevisionCompacted) throw expiredList(options);
    if (error instanceof RevisionFuture) throw new ApiError("Expired", "the resourceVersion is from another history", { cause: error });
    throw error;
  }
}

async function page(values: readonly StoredValue[], selection: Selection, options: ListOptions, revision: bigint): Promise<Snapshot> {
  // Without selectors, what is on other pages need not be converted.
  if (selection.isFiltered) await selection.convert(values);
  const snapshot = pageOf(values, selection, options, revision);
  await selection.convert(snapshot.items);
  return snapshot;
}

function pageOf(values: readonly StoredValue[], selection: Selection, { limit }: ListOptions, revision: bigint): Snapshot {
  const items: StoredValue[] = [];
  for (const [index, value] of values.entries()) {
    if (!selection.matches(value)) continue;
    if (limit > 0 && items.length === limit) {
      const after = (items.at(-1)?.key ?? "").slice(selection.prefix.length);
      const remaining = selection.isFiltered ? undefined : values.length - index;
      return { items, revision, next: encodeContinuation({ revision, after }), remaining };
    }
    items.push(value);
  }
  return { items, revision, next: undefined, remaining: undefined };
}

/** The client may go on with the newest state, if it takes an inconsistent list. */
function expiredList({ after }: ListOptions): ApiError {
  if (after === undefined) return new ApiError("Expired", "The resourceVersion for the provided list is too old.");
  const message =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use " +
    "the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent " +
    "list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
  return new ApiError("Expired", message, { metadata: { continue: encodeContinuation({ revision: undefined, after }) } });
}
