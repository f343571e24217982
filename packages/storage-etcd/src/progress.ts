import type { Cluster, Connected } from "./cluster.js";
import { allKeys, type KeySpace } from "./key-space.js";
import { status, txn } from "./methods.js";
import type { WatchRange, WatchStream } from "./watch-stream.js";

const statusMs = 2000;

/** How to learn that a watch has given all up to a revision. */
export interface Progress {
  /** What to watch, for the keys under a prefix. */
  range(prefix: string): WatchRange;
  /** Once all before now were given something comes that says so: an answer without events, or an event. */
  ask(stream: WatchStream): void;
}

/**
 * Chooses it by what the member can do. Before 3.4.31 and 3.5.13 the answer to a progress request could pass events by that were yet to come
 * (https://github.com/etcd-io/etcd/issues/15220). There every key is watched, so that each revision is seen; and who may not read every key
 * writes one that is watched, when others wrote.
 */
export class ProgressMeans {
  readonly #cluster: Cluster;
  readonly #keys: KeySpace;
  #mayWatchAll = true;
  #marking = false;

  constructor(cluster: Cluster, keys: KeySpace) {
    this.#cluster = cluster;
    this.#keys = keys;
  }

  async on({ member, token }: Connected): Promise<Progress> {
    const { version } = await member.call(status, {}, { token, timeoutMs: statusMs });
    if (hasSoundProgress(version)) return { range: (prefix) => this.#keys.range(prefix), ask: (stream) => stream.askProgress() };
    if (this.#mayWatchAll) return { range: () => allKeys, ask: () => undefined };
    return { range: () => ({ ...this.#keys.range("/"), key: this.#keys.probe }), ask: () => void this.#mark() };
  }

  /** A watch was refused for the user's rights. */
  denied(): void {
    this.#mayWatchAll = false;
  }

  async #mark(): Promise<void> {
    if (this.#marking) return;
    this.#marking = true;
    try {
      await this.#cluster.write(txn, { compare: [], success: [{ requestPut: { key: this.#keys.probe, value: new Uint8Array(0) } }], failure: [] });
    } catch {
      // Who asks does so again.
    } finally {
      this.#marking = false;
    }
  }
}

export function hasSoundProgress(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (major !== 3 || minor > 5) return major > 2;
  return (minor === 5 && patch >= 13) || (minor === 4 && patch >= 31);
}
