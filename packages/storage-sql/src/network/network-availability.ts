import { systemClock } from "@dataplane/meta";
import { type StoreHealth, StoreReadOnly, StoreUnavailable } from "@dataplane/storage";

export interface AvailabilityOptions {
  /** Host, port and database, for messages. */
  readonly address: string;
  /** Reads something; rejects while the database is away. */
  readonly tryToRead: () => Promise<void>;
  /** It is away for sure: connections that seemed well may be dead too. */
  readonly onAway: () => void;
  /** Writes something and takes it back; rejects while nothing can be written. */
  readonly tryToWrite: () => Promise<void>;
}

/** How long a call waits for a database that is away, in milliseconds; once it is away for longer, calls are refused at once. */
export const patience = 5_000;
const readInterval = 100;
const writeInterval = 1_000;

/** Whether the database is there, and who waits for it to come back. While it is away one tries, not each. */
export class Availability {
  readonly #options: AvailabilityOptions;
  /** When the first call failed, on the clock of `performance`. */
  #away: number | undefined;
  /** Whether that is sure: not one connection that broke, but a new one that failed too. */
  #isAwaySurely = false;
  #readOnly: string | undefined;
  #problem = "";
  #back: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  readonly #ending = new AbortController();

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#ending.signal.aborted;
  }

  health(): StoreHealth {
    if (this.#isAwaySurely) return { readable: false, writable: false, problem: this.#problem };
    if (this.#readOnly !== undefined) return { readable: true, writable: false, problem: this.#readOnly };
    return { readable: true, writable: true };
  }

  /** When a call that begins now is to give up, on the clock of `performance`. */
  deadline(): number {
    return this.#isAwaySurely && this.#away !== undefined ? Math.max(performance.now(), this.#away + patience) : performance.now() + patience;
  }

  /** Resolves at once while all seems well, else when the database is back; rejects with StoreUnavailable at `deadline`. */
  async back(deadline: number): Promise<void> {
    if (this.#back === undefined) return;
    if (performance.now() >= deadline) throw this.unavailable();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), deadline - performance.now());
    });
    const first = await Promise.race([this.#back.promise, late]);
    clearTimeout(timer);
    if (first === "late" || this.#ending.signal.aborted) throw this.unavailable();
  }

  unavailable(cause?: unknown): StoreUnavailable {
    return new StoreUnavailable(this.#problem === "" ? `the database at ${this.#options.address} is busy` : this.#problem, { cause });
  }

  /** A connection broke, could not be made, or gave no answer; the call that tells so began at `since`, on the clock of `performance`. */
  lost(error: unknown, since: number): void {
    this.#problem = `the database at ${this.#options.address} cannot be reached: ${messageOf(error)}`;
    if (this.#back !== undefined || this.#ending.signal.aborted) return;
    // Who waited long for an answer that did not come has had all the patience.
    this.#away = performance.now() - since > patience / 2 ? since : performance.now();
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    this.#back = { promise, resolve };
    void this.#untilBack();
  }

  /** Throws StoreReadOnly while it is known that nothing can be written. */
  checkWritable(): void {
    if (this.#readOnly !== undefined) throw new StoreReadOnly(this.#readOnly);
  }

  /** A write was refused since nothing can be written. */
  refused(error: unknown): StoreReadOnly {
    const isNew = this.#readOnly === undefined;
    this.#readOnly = `the database at ${this.#options.address} takes no writes: ${messageOf(error)}`;
    if (isNew) void this.#untilWritable();
    return new StoreReadOnly(this.#readOnly, { cause: error });
  }

  close(): void {
    this.#ending.abort();
    this.#back?.resolve();
  }

  async #untilBack(): Promise<void> {
    while (!this.#ending.signal.aborted && !(await succeeds(this.#options.tryToRead()))) {
      if (!this.#isAwaySurely) this.#options.onAway();
      this.#isAwaySurely = true;
      await this.#pause(readInterval);
    }
    this.#away = undefined;
    this.#isAwaySurely = false;
    if (!this.#ending.signal.aborted) this.#problem = "";
    this.#back?.resolve();
    this.#back = undefined;
  }

  async #untilWritable(): Promise<void> {
    do await this.#pause(writeInterval);
    while (!this.#ending.signal.aborted && !(await succeeds(this.#options.tryToWrite())));
    this.#readOnly = undefined;
  }

  #pause(ms: number): Promise<void> {
    return systemClock.sleep(ms, this.#ending.signal).catch(() => undefined);
  }
}

const succeeds = (attempt: Promise<void>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  );

/** Libraries put several failures of one connection into an AggregateError without a message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return [...new Set(error.errors.map(messageOf))].join("; ");
  return error instanceof Error ? error.message : String(error);
}
