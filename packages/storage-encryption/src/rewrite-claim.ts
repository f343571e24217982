import { randomUUID } from "node:crypto";
import type { Clock } from "@dataplane/meta";
import { RevisionConflict, type Store } from "@dataplane/storage";
import { reservedKey } from "./reserved-keys.js";

const claimKey = reservedKey("encryption", "rewriting");
/** A server that ends without a word holds it so long, and as much longer as the store takes to expire. */
const ttlSeconds = 30;
const renewMs = 10_000;
const askAgainMs = 1_000;

/**
 * Does `work` while no other server of the store does its own; undefined when `signal` aborts before. It keeps servers from doing the same at once,
 * which would be no harm.
 */
export async function whileClaimed<T>(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const holder = Buffer.from(randomUUID());
  let revision: bigint | undefined;
  while (revision === undefined) {
    revision = await taken(store, holder, 0n);
    if (revision !== undefined) break;
    await clock.sleep(askAgainMs, signal).catch(() => undefined);
    if (signal.aborted) return undefined;
  }
  const done = new AbortController();
  const renewing = (async (): Promise<bigint | undefined> => {
    let held: bigint | undefined = revision;
    while (held !== undefined && (await slept(clock, done.signal))) held = await taken(store, holder, held).catch(() => undefined);
    return held;
  })();
  try {
    return await work();
  } finally {
    done.abort();
    const held = await renewing;
    if (held !== undefined) await store.delete(claimKey, held).catch(() => undefined);
  }
}

/** The revision of the claim; undefined when somebody else has it. */
async function taken(store: Store, holder: Uint8Array, expected: bigint): Promise<bigint | undefined> {
  try {
    return (await store.put(claimKey, holder, { expected, ttlSeconds })).revision;
  } catch (error) {
    if (error instanceof RevisionConflict) return undefined;
    throw error;
  }
}

const slept = (clock: Clock, signal: AbortSignal): Promise<boolean> =>
  clock.sleep(renewMs, signal).then(
    () => true,
    () => false,
  );
