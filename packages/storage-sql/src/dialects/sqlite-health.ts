import type { StoreHealth } from "@dataplane/storage";
import { storeReadOnly } from "./sqlite-failure.js";

export interface SqliteHealthOptions {
  /** Looks whether it works again; rejects with why not. */
  readonly probe: () => Promise<void>;
  /** Milliseconds from one look to the next. */
  readonly interval: number;
}

/** Whether a file can be read and written: not from the first failure on, until a look finds that it works again. */
export class SqliteHealth {
  readonly #options: SqliteHealthOptions;
  #state: StoreHealth = { readable: true, writable: true };
  #timer: NodeJS.Timeout | undefined;
  #isDamaged = false;
  #stopped = false;

  constructor(options: SqliteHealthOptions) {
    this.#options = options;
  }

  get now(): StoreHealth {
    return this.#state;
  }

  /** Throws StoreReadOnly, so that nobody waits for a disk that is known to fail. */
  requireWritable(): void {
    if (!this.#state.writable) throw storeReadOnly(this.#state.problem ?? "the last write failed");
  }

  cannotWrite(problem: string): void {
    this.#trouble({ ...this.#state, writable: false, problem });
  }

  cannotRead(problem: string): void {
    this.#trouble({ readable: false, writable: false, problem });
  }

  /** Writing into a broken structure would break more of it: it stays so until the server is started with a file that is whole. */
  isDamaged(problem: string): void {
    this.#isDamaged = true;
    this.#trouble({ ...this.#state, writable: false, problem });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #trouble(state: StoreHealth): void {
    this.#state = state;
    if (this.#isDamaged || this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#look(), this.#options.interval);
  }

  async #look(): Promise<void> {
    try {
      await this.#options.probe();
      this.#timer = undefined;
      if (!this.#isDamaged) this.#state = { readable: true, writable: true };
    } catch (thrown) {
      this.#timer = undefined;
      this.#trouble({ ...this.#state, problem: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }
}
