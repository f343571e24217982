import type { Entry, WriteChange } from "@dataplane/storage";
import { toBigInt } from "./codec.js";
import { EtcdFault, GrpcCode } from "./etcd-fault.js";
import type { KeyValues } from "./key-values.js";
import type { WatchEvent, WatchResponse } from "./messages.js";

/** What was before a change is compacted: the history has a hole there. */
export class PreviousLost extends Error {
  override readonly name = "PreviousLost";
}

/** The watch asked for revisions that are compacted. */
export class WatchCompacted extends Error {
  override readonly name = "WatchCompacted";
  readonly oldest: bigint;

  constructor(oldest: bigint) {
    super(`history before revision ${oldest} is compacted`);
    this.oldest = oldest;
  }
}

/** Throws when etcd ended the watch: WatchCompacted or an EtcdFault. */
export function checkWatch({ canceled, compactRevision, cancelReason }: WatchResponse): void {
  if (!canceled) return;
  const oldest = toBigInt(compactRevision);
  if (oldest > 0n) throw new WatchCompacted(oldest);
  throw new EtcdFault(
    cancelReason.includes("permission denied") ? GrpcCode.PermissionDenied : GrpcCode.Unavailable,
    `the watch was ended: ${cancelReason}`,
  );
}

/** All before `revision` was given. */
export const isProgress = ({ created, canceled, events }: WatchResponse): boolean => !created && !canceled && events.length === 0;

export const eventRevision = ({ kv }: WatchEvent): bigint => toBigInt(kv?.modRevision ?? 0);

/**
 * The change of an event; undefined when its key is none of the store's. etcd gives what was before unless it is compacted; then `known` may
 * have it, else PreviousLost is thrown.
 */
export function changeOf(event: WatchEvent, values: KeyValues, known: (key: string) => Entry | undefined): WriteChange | undefined {
  if (event.kv === null) return undefined;
  const [entry] = values.entryOf(event.kv);
  if (entry === undefined) return undefined;
  const previous = event.prevKv === null ? undefined : values.entryOf(event.prevKv)[0];
  if (event.type !== 1 && toBigInt(event.kv.createRevision) === entry.revision) return { type: "put", entry, previous: undefined };
  const before = previous ?? known(entry.key);
  if (before === undefined) throw new PreviousLost(`what ${entry.key} was before revision ${entry.revision} is compacted`);
  return event.type === 1 ? { type: "delete", key: entry.key, revision: entry.revision, previous: before } : { type: "put", entry, previous: before };
}
