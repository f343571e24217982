import {
  type Entry,
  type Listing,
  OutcomeUnknown,
  type Page,
  type PutOptions,
  RevisionConflict,
  RevisionFuture,
  StoreReadOnly,
  ValueTooLarge,
} from "@dataplane/storage";
import type { Cluster } from "./cluster.js";
import { toBigInt } from "./codec.js";
import { EtcdFault, isFuture, isNoSpace, isTooLarge } from "./etcd-fault.js";
import type { KeySpace } from "./key-space.js";
import { grantLease, revokeLease } from "./leases.js";
import type { KeyValue, RangeRequest, RangeResponse, RequestOp, TxnResponse } from "./messages.js";
import { range, txn } from "./methods.js";
import { KeyReader } from "./read-keys.js";

/** Of Compare.CompareTarget: the revision of a key's last write; 0 of an absent key. */
const modRevision = 2;
/** A page of a list is to be about so many bytes. */
const pageBytes = 4 * 1024 * 1024;
const firstPage = 200;
const largestPage = 5000;

export interface KeyValuesOptions {
  readonly cluster: Cluster;
  readonly keys: KeySpace;
  /** Called when etcd has no room for a value. */
  readonly onNoSpace: () => void;
}

/** What is read and written, one request a call; in the keys of the store. */
export class KeyValues {
  readonly #cluster: Cluster;
  readonly #keys: KeySpace;
  readonly #reader: KeyReader;
  readonly #onNoSpace: () => void;

  constructor({ cluster, keys, onNoSpace }: KeyValuesOptions) {
    this.#cluster = cluster;
    this.#keys = keys;
    this.#reader = new KeyReader(cluster);
    this.#onNoSpace = onNoSpace;
  }

  /** The newest revision of the cluster, of which no acknowledged write is missing. */
  async revision(): Promise<bigint> {
    return revisionOf(await this.#cluster.read(range, { key: this.#keys.probe, countOnly: true }));
  }

  async get(key: string): Promise<Entry | undefined> {
    const found = await this.#reader.read(this.#keys.toEtcd(key));
    return found && { key, value: new Uint8Array(found.value), revision: toBigInt(found.modRevision) };
  }

  /** Reads in several requests, each at the same revision. Faults of a revision are left to the caller. */
  async list(prefix: string, { limit = Number.POSITIVE_INFINITY, after, at }: Page): Promise<Listing> {
    const entries: Entry[] = [];
    let revision = at;
    let last = after;
    let size = Math.min(limit, firstPage);
    for (;;) {
      const page = await this.#page({
        ...this.#keys.range(prefix, last),
        limit: size,
        ...(revision === undefined ? {} : { revision: Number(revision) }),
      });
      revision ??= revisionOf(page);
      const read = page.kvs.flatMap((kv) => this.entryOf(kv));
      for (const entry of read) entries.push(entry);
      last = read.at(-1)?.key;
      if (!page.more || last === undefined || entries.length >= limit) return { entries, revision, more: page.more };
      size = Math.min(nextPage(read), limit - entries.length);
    }
  }

  /** Throws RevisionConflict, StoreReadOnly, ValueTooLarge, OutcomeUnknown and what Cluster.write throws. */
  async put(key: string, value: Uint8Array, { expected, ttlSeconds }: PutOptions): Promise<bigint> {
    const etcdKey = this.#keys.toEtcd(key);
    const lease = ttlSeconds === undefined ? undefined : await this.#writing(key, expected, () => grantLease(this.#cluster, ttlSeconds));
    const requestPut = { key: etcdKey, value, ...(lease === undefined ? {} : { lease }) };
    const response = await this.#writing(key, expected, () => this.#conditionally(etcdKey, expected, { requestPut }));
    if (response.succeeded) return revisionOf(response);
    if (lease !== undefined) revokeLease(this.#cluster, lease);
    throw new RevisionConflict(key, actualOf(response));
  }

  async delete(key: string, expected: bigint): Promise<{ readonly revision: bigint; readonly previous: Entry }> {
    const etcdKey = this.#keys.toEtcd(key);
    // An absent key is at 0: that comparison would succeed, and remove nothing.
    if (expected === 0n) throw new RevisionConflict(key, (await this.get(key))?.revision ?? 0n);
    const response = await this.#writing(key, expected, () =>
      this.#conditionally(etcdKey, expected, { requestDeleteRange: { key: etcdKey, prevKv: true } }),
    );
    const removed = response.responses[0]?.responseDeleteRange?.prevKvs[0];
    if (!response.succeeded || removed === undefined) throw new RevisionConflict(key, actualOf(response));
    return { revision: revisionOf(response), previous: { key, value: removed.value, revision: expected } };
  }

  /** None when the key is not the store's. */
  entryOf(kv: KeyValue): Entry[] {
    const key = this.#keys.fromEtcd(kv.key);
    // A copy: a view would keep the whole answer that it came in.
    return key === undefined ? [] : [{ key, value: new Uint8Array(kv.value), revision: toBigInt(kv.modRevision) }];
  }

  /** Throws RevisionFuture; that a revision is compacted stays an EtcdFault, since etcd does not say up to where. */
  async #page(request: RangeRequest): Promise<RangeResponse> {
    try {
      return await this.#cluster.read(range, request);
    } catch (thrown) {
      if (thrown instanceof EtcdFault && isFuture(thrown)) throw new RevisionFuture(await this.revision());
      throw thrown;
    }
  }

  #conditionally(key: Buffer, expected: bigint, write: RequestOp): Promise<TxnResponse> {
    return this.#cluster.write(txn, {
      compare: [{ target: modRevision, key, modRevision: Number(expected) }],
      success: [write],
      failure: [{ requestRange: { key, keysOnly: true } }],
    });
  }

  async #writing<T>(key: string, expected: bigint, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (thrown) {
      if (!(thrown instanceof EtcdFault)) throw thrown;
      if (isTooLarge(thrown))
        throw new ValueTooLarge(`etcd takes no value as large as that of ${key}: its --max-request-bytes says how large`, { cause: thrown });
      if (!isNoSpace(thrown)) throw thrown;
      this.#onNoSpace();
      throw (await this.#isStillAt(key, expected)) ? new StoreReadOnly(noSpace, { cause: thrown }) : new OutcomeUnknown(noSpace, { cause: thrown });
    }
  }

  /** The write that finds the space used up is refused, and yet done: its quotaApplierV3 */
  async #isStillAt(key: string, expected: bigint): Promise<boolean> {
    try {
      return ((await this.get(key))?.revision ?? 0n) === expected;
    } catch {
      return false;
    }
  }
}

export const noSpace = "etcd has no space left: compact, defragment and disarm its alarm, or raise --quota-backend-bytes";

const revisionOf = ({ header }: Pick<RangeResponse, "header">): bigint => toBigInt(header?.revision ?? 0);

const actualOf = ({ responses }: TxnResponse): bigint => toBigInt(responses[0]?.responseRange?.kvs[0]?.modRevision ?? 0);

function nextPage(read: readonly Entry[]): number {
  const bytes = read.reduce((sum, { value }) => sum + value.byteLength, 0);
  return Math.max(1, Math.min(largestPage, Math.floor((read.length * pageBytes) / Math.max(bytes, 1))));
}
