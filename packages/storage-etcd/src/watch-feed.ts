import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@dataplane/meta";
import { changeRevision, failpoint, RevisionCompacted, RevisionFuture, type WatchHub, type WriteChange } from "@dataplane/storage";
import type { Cluster } from "./cluster.js";
import { toBigInt } from "./codec.js";
import { EtcdFault, GrpcCode } from "./etcd-fault.js";
import type { EtcdHistory } from "./history.js";
import type { KeyValues } from "./key-values.js";
import type { Member } from "./member.js";
import type { WatchResponse } from "./messages.js";
import type { ProgressMeans } from "./progress.js";
import { changeOf, checkWatch, eventRevision, isProgress, PreviousLost, WatchCompacted } from "./read-events.js";
import type { RecentChanges } from "./recent-changes.js";
import { WatchStream } from "./watch-stream.js";

export interface WatchFeedOptions {
  readonly cluster: Cluster;
  readonly progress: ProgressMeans;
  readonly values: KeyValues;
  readonly hub: WatchHub;
  readonly recent: RecentChanges;
  readonly history: EtcdHistory;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const firstPauseMs = 20;
const longestPauseMs = 1000;
/** A change of member takes less. */
const brokenMs = 10_000;
/** Events of the store's own keys come by themselves within this time; then etcd is asked how far it is. */
const firstAskMs = 4;
const nextAskMs = 20;

/** The one watch of a store in etcd: what it brings is published to the store's own watches, in order and without gaps. */
export class WatchFeed {
  readonly #options: WatchFeedOptions;
  /** Asks the stream that there is for progress. */
  #askProgress: () => void = () => undefined;
  /** The stream that there is, and its member. */
  #open: { readonly member: Member; readonly stream: WatchStream } | undefined;
  /** The revision that somebody waits for. */
  #wanted = 0n;
  #asking: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<{ readonly revision: bigint; readonly done: () => void }>();
  /** Since when there is no watch, and why; undefined while there is one. */
  #broken: { readonly since: number; readonly why: string } | undefined;

  constructor(options: WatchFeedOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts; never rejects. */
  async run(): Promise<void> {
    const { signal, logger } = this.#options;
    let pauseMs = firstPauseMs;
    for (let isOver = false; !isOver; ) {
      const began = performance.now();
      await this.#watch().catch((thrown: unknown) => {
        const why = thrown instanceof Error ? thrown.message : "unknown";
        this.#broken ??= { since: began, why };
        logger.debug({ why }, "the watch of etcd begins anew");
      });
      pauseMs = performance.now() - began > longestPauseMs ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs);
      isOver = await sleep(pauseMs, false, { signal }).catch(() => true);
    }
    clearTimeout(this.#asking);
    for (const { done } of this.#waiting) done();
  }

  /** Why the changes do not come, once that lasts. */
  get problem(): string | undefined {
    const broken = this.#broken;
    return broken !== undefined && performance.now() - broken.since > brokenMs ? `etcd gives no changes: ${broken.why}` : undefined;
  }

  /** Each watch is to yield something at `revision` or later soon. */
  want(revision: bigint): void {
    if (revision <= this.#options.hub.revision) {
      this.#options.hub.askProgress();
      return;
    }
    if (revision > this.#wanted) this.#wanted = revision;
    this.#asking ??= setTimeout(() => this.#ask(), firstAskMs);
  }

  /** Resolves when that revision was published, or the signal aborted. */
  reached(revision: bigint, signal: AbortSignal): Promise<void> {
    if (revision <= this.#options.hub.revision || signal.aborted || this.#options.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        this.#waiting.delete(waiting);
        resolve();
      };
      const waiting = { revision, done };
      this.#waiting.add(waiting);
      signal.addEventListener("abort", done);
      this.want(revision);
    });
  }

  /** A member that ends waits for its streams: this one goes to another member, or waits for it to come back. */
  leaveEnding(): void {
    if (this.#open?.member.isReady === false) this.#open.stream.cancel();
  }

  /** Watches on one member, for as long as that lasts. */
  async #watch(): Promise<void> {
    const { cluster, progress, hub, signal, values } = this.#options;
    // It also renews a token that is over, which a watch would not tell.
    const revision = await values.revision();
    const on = await cluster.connected();
    const means = await progress.on(on);
    // Reads never go back: somebody put the database back to an earlier state.
    if (revision < hub.revision) this.#restart(revision, new RevisionFuture(revision));
    signal.throwIfAborted();
    const stream = new WatchStream({ on, range: means.range("/"), start: hub.revision + 1n, onResponse: (response) => this.#take(response) });
    const cancel = (): void => stream.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    this.#askProgress = () => means.ask(stream);
    this.#open = { member: on.member, stream };
    try {
      await stream.ended;
    } catch (thrown) {
      if (thrown instanceof WatchCompacted) await this.#skip(thrown.oldest);
      else if (thrown instanceof PreviousLost) await this.#skip(await this.#options.history.oldest());
      else if (thrown instanceof EtcdFault && thrown.code === GrpcCode.PermissionDenied) progress.denied();
      throw thrown;
    } finally {
      this.#askProgress = () => undefined;
      this.#open = undefined;
      signal.removeEventListener("abort", cancel);
      stream.cancel();
    }
  }

  #take(response: WatchResponse): void {
    checkWatch(response);
    this.#broken = undefined;
    const { hub, recent, values } = this.#options;
    if (isProgress(response)) hub.advance(toBigInt(response.header?.revision ?? 0));
    const before = hub.revision;
    const changes: WriteChange[] = [];
    for (const event of response.events) {
      const change = changeOf(event, values, (key) => recent.newest(key));
      if (change === undefined) continue;
      recent.add(change);
      changes.push(change);
    }
    failpoint("before-notify");
    hub.publish(changes);
    const last = response.events.at(-1);
    if (last !== undefined) hub.advance(eventRevision(last));
    failpoint("after-notify");
    this.#published();
    if (hasSeveralAtOnce(changes, before)) throw new PreviousLost("somebody else wrote several keys at one revision");
  }

  #published(): void {
    const { revision } = this.#options.hub;
    if (this.#wanted > 0n && revision >= this.#wanted) {
      this.#wanted = 0n;
      clearTimeout(this.#asking);
      this.#asking = undefined;
      this.#options.hub.askProgress();
    }
    for (const waiting of this.#waiting) if (waiting.revision <= revision) waiting.done();
  }

  /** Changes up to now are lost to the watches, which are told to list again. */
  async #skip(oldest: bigint): Promise<void> {
    this.#options.logger.warn({ oldest: oldest.toString() }, "etcd was compacted past the watches, which begin anew");
    this.#restart(await this.#options.values.revision(), new RevisionCompacted(oldest));
  }

  #restart(revision: bigint, reason: RevisionCompacted | RevisionFuture): void {
    this.#options.recent.restart(revision);
    this.#options.hub.restart(revision, reason);
    this.#published();
  }

  #ask(): void {
    this.#askProgress();
    this.#asking = setTimeout(() => this.#ask(), nextAskMs);
  }
}

/** A store writes one key at a revision, and its watches count on that. */
function hasSeveralAtOnce(changes: readonly WriteChange[], before: bigint): boolean {
  return changes.some((change, index) => {
    const previous = changes[index - 1];
    return changeRevision(change) === (previous === undefined ? before : changeRevision(previous));
  });
}
