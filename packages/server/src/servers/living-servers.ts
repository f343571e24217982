import { type ApiClient, createInformer, type Informer, type InformerChange } from "@dataplane/client";
import { type ApiObject, type Clock, isJsonObject, type Logger } from "@dataplane/meta";
import { leasesRef } from "./server-lease.js";
import { leaseNameOf, leaseNamespace, recordOf, type ServerRecord, serverLabel } from "./server-record.js";

export interface LivingServersOptions {
  readonly client: ApiClient;
  /** Of this server. */
  readonly id: string;
  /** Milliseconds by a clock that is never set; this process's own unless told. */
  readonly elapsed?: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Seen {
  readonly record: ServerRecord;
  readonly durationMs: number;
  /** When its Lease last changed, as seen here. */
  at: number;
}

const lookMs = 500;

/**
 * The servers that share the store, this one among them, by their Leases. Clocks of machines are never compared: one is gone when its Lease
 * has looked the same here for as long as it is good, while this server's own renewals came by the same watch. While the store is away
 * nobody's come, and nobody is judged; after a standstill of this process what others wrote meanwhile is seen before its own next renewal.
 */
export class LivingServers {
  readonly #options: LivingServersOptions;
  readonly #leases: Informer<ApiObject>;
  readonly #seen = new Map<string, Seen>();
  readonly #listeners = new Set<() => void>();
  #ownAt = 0;
  #living: readonly ServerRecord[] = [];

  constructor(options: LivingServersOptions) {
    this.#options = options;
    const { client, clock, logger } = options;
    const selected = { namespace: leaseNamespace, labelSelector: `${serverLabel}=true` };
    this.#leases = createInformer<ApiObject>({ client, resource: leasesRef, options: selected, clock, logger });
    this.#leases.onChange((change) => this.#changed(change));
  }

  /** True once the Leases were read. */
  get hasSynced(): boolean {
    return this.#leases.hasSynced;
  }

  /** In the order of their ids. */
  list(): readonly ServerRecord[] {
    return this.#living;
  }

  others(): readonly ServerRecord[] {
    return this.#living.filter(({ id }) => id !== this.#options.id);
  }

  get(id: string): ServerRecord | undefined {
    return this.#living.find((it) => it.id === id);
  }

  /** Names of Leases whose servers are gone, for `ms` at least. */
  goneFor(ms: number): readonly string[] {
    return [...this.#seen.values()].filter((it) => this.#silence(it) > ms).map(({ record }) => leaseNameOf(record.id));
  }

  /** Calls back when another one lives, or one says something else of itself; returns the way to stop that. */
  onChange(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async run(signal: AbortSignal): Promise<void> {
    const running = this.#leases.run(signal);
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      this.#judge();
      await this.#options.clock.sleep(lookMs, signal).catch(() => undefined);
    }
    await running;
  }

  #elapsed(): number {
    return (this.#options.elapsed ?? (() => performance.now()))();
  }

  #changed({ type, object }: InformerChange<ApiObject>): void {
    const record = recordOf(object);
    const { name } = object.metadata;
    if (type === "deleted" || record === undefined || leaseNameOf(record.id) !== name) this.#seen.delete(name);
    else this.#seen.set(name, { record, durationMs: durationOf(object), at: this.#elapsed() });
    if (type !== "deleted" && record?.id === this.#options.id) this.#ownAt = this.#elapsed();
    this.#judge();
  }

  /** How long it said nothing while this server was heard. */
  #silence({ at }: Seen): number {
    return this.#ownAt - at;
  }

  #judge(): void {
    const living = [...this.#seen.values()].filter((it) => it.record.id === this.#options.id || this.#silence(it) <= it.durationMs);
    const next = living.map(({ record }) => record).sort((a, b) => (a.id < b.id ? -1 : 1));
    if (JSON.stringify(next) === JSON.stringify(this.#living)) return;
    this.#tellOfThoseWhoAreGone(next);
    this.#living = next;
    for (const listener of this.#listeners) listener();
  }

  #tellOfThoseWhoAreGone(next: readonly ServerRecord[]): void {
    const { logger } = this.#options;
    for (const { id, url } of this.#living) {
      if (id !== this.#options.id && !next.some((it) => it.id === id)) logger.info({ server: id, url }, "a server of this store is gone");
    }
    for (const { id, url } of next) {
      if (!this.#living.some((it) => it.id === id) && id !== this.#options.id) logger.info({ server: id, url }, "a server shares this store");
    }
  }
}

function durationOf({ spec }: ApiObject): number {
  const seconds = isJsonObject(spec) ? spec["leaseDurationSeconds"] : undefined;
  return (typeof seconds === "number" ? seconds : 15) * 1_000;
}
