import type { Cluster } from "./cluster.js";
import type { KeyValue, RangeResponse } from "./messages.js";
import { range, txn } from "./methods.js";

/** Calls under way at once; who comes then waits for the next, with all others who do. */
const mostCalls = 4;
/** etcd takes 128 operations in one transaction, unless told otherwise. */
const mostKeys = 100;

interface Waiting {
  readonly key: Buffer;
  readonly resolve: (found: KeyValue | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** Reads of single keys, which cost a call each as long as they are few, and go together when they are many. */
export class KeyReader {
  readonly #cluster: Cluster;
  readonly #waiting: Waiting[] = [];
  #calls = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The newest value, of which no acknowledged write is missing. Throws what Cluster.read throws. */
  read(key: Buffer): Promise<KeyValue | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (this.#calls < mostCalls) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#calls += 1;
    // What is asked in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, mostKeys);
      try {
        const responses = await this.#ask(batch.map(({ key }) => key));
        for (const [index, { resolve }] of batch.entries()) resolve(responses[index]?.kvs[0]);
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown);
      }
    }
    this.#calls -= 1;
  }

  async #ask(keys: readonly Buffer[]): Promise<readonly (RangeResponse | null | undefined)[]> {
    const [first] = keys;
    if (first !== undefined && keys.length === 1) return [await this.#cluster.read(range, { key: first })];
    const { responses } = await this.#cluster.read(txn, { compare: [], success: keys.map((key) => ({ requestRange: { key } })), failure: [] });
    return responses.map(({ responseRange }) => responseRange);
  }
}
