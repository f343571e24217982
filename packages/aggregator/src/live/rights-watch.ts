import { setImmediate as nextTurn } from "node:timers/promises";
import { ApiError, type Logger } from "@dataplane/meta";

/** What lets a subscriber listen, looked at again while it does. */
export interface SubscriberRights {
  /** Throws ApiError when it may listen no more: Unauthorized, Forbidden or NotFound. */
  readonly check: () => Promise<void>;
  /** When the credential that it came with expires, in milliseconds since the epoch; absent for one that does not. */
  readonly expires?: number;
}

const lookMs = 1_000;
const looksACheck = 60;
/** Checks in one turn of the event loop. */
const checksATurn = 50;

/** Ends those whose rights are gone within a minute, and those whose credential expires within a second. One timer for all of them. */
export class RightsWatch {
  readonly #logger: Logger;
  readonly #watched = new Map<SubscriberRights, (error: ApiError) => void>();
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #isChecking = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `fail` is called once, if ever. Resolves to what stops the watch. */
  add(rights: SubscriberRights, fail: (error: ApiError) => void): () => void {
    this.#watched.set(rights, fail);
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref();
    return () => this.#remove(rights);
  }

  #look(): void {
    const now = Date.now();
    for (const [rights] of this.#watched) {
      if (rights.expires !== undefined && rights.expires <= now) this.#fail(rights, expired());
    }
    this.#looks += 1;
    if (this.#looks % looksACheck === 0 && !this.#isChecking) void this.#checkAll();
  }

  /** Never rejects. */
  async #checkAll(): Promise<void> {
    this.#isChecking = true;
    let checked = 0;
    for (const rights of [...this.#watched.keys()]) {
      if (this.#watched.has(rights)) await this.#check(rights);
      checked += 1;
      if (checked % checksATurn === 0) await nextTurn();
    }
    this.#isChecking = false;
  }

  async #check(rights: SubscriberRights): Promise<void> {
    try {
      await rights.check();
    } catch (thrown) {
      const error = ApiError.from(thrown);
      if (isRefusal(error)) this.#fail(rights, error);
      // A question that could not be answered ends nobody: it is asked again.
      else this.#logger.warn({ err: thrown }, "the rights of a stream's reader could not be checked");
    }
  }

  #fail(rights: SubscriberRights, error: ApiError): void {
    const fail = this.#watched.get(rights);
    this.#remove(rights);
    fail?.(error);
  }

  #remove(rights: SubscriberRights): void {
    this.#watched.delete(rights);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const expired = (): ApiError => new ApiError("Unauthorized", "the credential that this stream was opened with has expired");

const isRefusal = ({ reason }: ApiError): boolean => reason === "Unauthorized" || reason === "Forbidden" || reason === "NotFound";
