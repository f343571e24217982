import { createHash } from "node:crypto";
import type { Clock, Logger } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import { type CurrentRules, encryptedStore } from "./encrypted-store.js";
import type { EncryptionRules } from "./encryption-rules.js";
import { ignoreConflict, proveKeys, recordWriters } from "./key-records.js";
import { reservedKey } from "./reserved-keys.js";
import { whileClaimed } from "./rewrite-claim.js";
import { type Rewritten, rewriteOutdated } from "./rewrite-outdated.js";
import { nameOf } from "./value-cipher.js";

export interface EncryptionAtRestOptions {
  /** The store below. */
  readonly store: Store;
  readonly rules: EncryptionRules;
  /** Whether other servers may have the store open: one at a time rewrites it. */
  readonly isShared?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

const stateKey = reservedKey("encryption", "rewritten");
const retryMs = 5_000;

/** Encryption of a store that is in use: its rules can be exchanged, and what is stored is brought to them in the background. */
export class EncryptionAtRest implements CurrentRules {
  /** With values in clear. */
  readonly store: Store;
  readonly #options: EncryptionAtRestOptions;
  readonly #listeners = new Set<() => void>();
  #current: EncryptionRules;
  #wake = (): void => undefined;

  private constructor(options: EncryptionAtRestOptions) {
    this.#options = options;
    this.#current = options.rules;
    this.store = encryptedStore(options.store, this);
  }

  /** Throws EncryptionKeyMissing, before anything is written, when a key is missing that stored values need; StoreUnavailable when a key management service does not answer. */
  static async open(options: EncryptionAtRestOptions): Promise<EncryptionAtRest> {
    await prove(options.store, options.rules);
    return new EncryptionAtRest(options);
  }

  get current(): EncryptionRules {
    return this.#current;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** From now on these rules count. Throws EncryptionKeyMissing and keeps the old ones when they lack a key that is needed. */
  async replace(rules: EncryptionRules): Promise<void> {
    await prove(this.#options.store, rules);
    this.#current = rules;
    for (const listener of this.#listeners) listener();
    this.#wake();
  }

  /** Rewrites what is stored in another way, at the start where that was not done yet, and after each `replace`, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let done: EncryptionRules | undefined = (await this.#isRewritten()) ? this.#current : undefined;
    while (!signal.aborted) {
      if (done === this.#current) await this.#woken(signal);
      else done = await this.#rewrite(this.#current, signal);
    }
  }

  /** The rules that were brought about; undefined when it has to be tried again. */
  async #rewrite(rules: EncryptionRules, signal: AbortSignal): Promise<EncryptionRules | undefined> {
    const { store, isShared = false, clock, logger } = this.#options;
    try {
      const work = (): Promise<Rewritten> => rewriteOutdated(store, rules, signal);
      const outcome = isShared ? await whileClaimed({ store, clock }, signal, work) : await work();
      if (outcome === undefined || signal.aborted) return undefined;
      const { rewritten, unopened } = outcome;
      if (unopened.length > 0) logger.error({ keys: unopened.slice(0, 10), count: unopened.length }, "stored values cannot be opened by any key");
      else await this.#remember(rules);
      const unused = rules.ciphers.filter((cipher) => !rules.writers.includes(cipher)).map(nameOf);
      if (rewritten > 0) logger.info({ rewritten, unused }, "encryption at rest: everything is stored as configured; keys that are unused may go");
      return rules;
    } catch (error) {
      if (signal.aborted) return undefined;
      logger.warn({ err: error }, "encryption at rest: stored values could not be rewritten; trying again");
      await clock.sleep(retryMs, signal).catch(() => undefined);
      return undefined;
    }
  }

  async #isRewritten(): Promise<boolean> {
    const entry = await this.#options.store.get(stateKey).catch(() => undefined);
    return entry !== undefined && Buffer.from(entry.value).toString() === digestOf(this.#current);
  }

  async #remember(rules: EncryptionRules): Promise<void> {
    const { store } = this.#options;
    const before = await store.get(stateKey);
    const digest = Buffer.from(digestOf(rules));
    if (before === undefined || !digest.equals(before.value))
      await store.put(stateKey, digest, { expected: before?.revision ?? 0n }).catch(ignoreConflict);
  }

  async #woken(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal.addEventListener("abort", this.#wake, { once: true });
    });
    signal.removeEventListener("abort", this.#wake);
  }
}

/** Writes nothing before all keys are proven. */
async function prove(store: Store, rules: EncryptionRules): Promise<void> {
  for (const cipher of rules.ciphers) await cipher.prove?.();
  await proveKeys(store, rules);
  await recordWriters(store, rules);
}

/** The same for the same rules; a key that came or went makes another one. */
const digestOf = (rules: EncryptionRules): string => createHash("sha256").update(rules.description).digest("hex");
