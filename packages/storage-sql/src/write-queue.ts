import type { Write, WriteResult } from "./engine.js";

export interface WriteQueueOptions {
  /** See Engine.write. */
  readonly write: (writes: readonly Write[]) => Promise<readonly WriteResult[]>;
  /** Resolves when those who wait may know of what was written. */
  readonly publish: (writes: readonly Write[], results: readonly WriteResult[]) => Promise<void>;
}

interface Waiting {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

// More in one transaction gains nothing, and would keep the next ones waiting.
const largestBatch = 1000;
const largestBatchBytes = 16 * 1024 * 1024;

/** Group commit: while one transaction is under way the next writes gather, and then go together. */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  submit(write: Write): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything that was submitted is written or refused. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Writes of the same turn of the loop go in one transaction.
    await Promise.resolve();
    const publishing: Promise<void>[] = [];
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchLength(this.#waiting));
      try {
        publishing.push(this.#acknowledge(batch, await this.#options.write(batch.map(({ write }) => write))));
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown);
      }
    }
    this.#running = undefined;
    await Promise.all(publishing);
  }

  async #acknowledge(batch: readonly Waiting[], results: readonly WriteResult[]): Promise<void> {
    const writes = batch.map(({ write }) => write);
    await this.#options.publish(writes, results);
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index];
      if (result === undefined) reject(new Error("the database gave no result"));
      else resolve(result);
    }
  }
}

/** How many of the writes go in the next transaction; at least one. */
function batchLength(waiting: readonly Waiting[]): number {
  let sum = 0;
  const full = waiting.findIndex(({ write }, index) => {
    sum += write.type === "put" ? write.value.byteLength : 0;
    return index >= largestBatch || (index > 0 && sum > largestBatchBytes);
  });
  return full < 0 ? waiting.length : full;
}
