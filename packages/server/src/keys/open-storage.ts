import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import { type Store, StoreDamaged, StoreIncomplete, StoreUnavailable } from "@dataplane/storage";
import { SchemaTooNew, StoreLocked } from "@dataplane/storage-sql";
import { CannotStart } from "../cannot-start.js";
import { type Config, ConfigError } from "../config/load-config.js";
import { openStore } from "../open-store.js";
import { type StoreLocation, storeLocation } from "../store-location.js";
import { keyBundles } from "./key-bundles.js";
import { openEncryption } from "./open-encryption.js";
import { proveSealingKeys } from "./prove-sealing-keys.js";
import { changeSecretKey } from "./root-key.js";
import { SharedKeys } from "./shared-keys.js";

export interface OpenStorageOptions {
  readonly config: Config;
  /** What relative paths of the configuration count from. */
  readonly root: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The store, and the keys that go with it. */
export interface OpenedStorage {
  /** With values in clear. */
  readonly store: Store;
  /** Whether other servers may have it too. */
  readonly isShared: boolean;
  readonly keyDirectory: string;
  /** Follows keys that change and the EncryptionConfiguration, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const leastSecretKey = 32;
/** A server looks at its files each second, and takes them when they were the same twice. */
const settleAloneMs = 3_000;
/** The record comes at once; a server may be busy, or at its start. */
const settleSharedMs = 10_000;

/** The key folder is as the store's servers have it in common, before anything reads it. Throws CannotStart and ConfigError for what a person has to mend. */
export async function openStorage(options: OpenStorageOptions): Promise<OpenedStorage> {
  const { config, root, clock, logger } = options;
  const location = storeLocation(config);
  const keyDirectory = keyDirectoryOf(config);
  requireSecretKey(location, config);
  const below = await openStore({ location, clock, logger }).catch(asCannotStart);
  try {
    const shared = location.engine === "sqlite3" ? undefined : await openSharedKeys(below, options);
    await proveSealingKeys(keyDirectory, below);
    const encryption = await openEncryption({ config, root, keyDirectory, store: below, isShared: shared !== undefined, clock, logger });
    return {
      store: encryption.store,
      isShared: shared !== undefined,
      keyDirectory,
      async run(signal) {
        await Promise.all([encryption.run(signal), shared?.run(signal)]);
      },
      close: () => below.close(),
    };
  } catch (error) {
    await below.close();
    throw error;
  }
}

/** The key folder, for a command that changes it beside servers that run. */
export interface KeysToChange {
  readonly directory: string;
  /** Resolves when all servers use what was changed so far. */
  settle(): Promise<void>;
}

/** Where servers share a database, the change is made to what they have in common, and reaches each of them. */
export async function changeKeys<T>(options: OpenStorageOptions, change: (keys: KeysToChange) => Promise<T>): Promise<T> {
  const { config, clock, logger } = options;
  const location = storeLocation(config);
  const directory = keyDirectoryOf(config);
  if (location.engine === "sqlite3") return change({ directory, settle: () => clock.sleep(settleAloneMs) });
  requireSecretKey(location, config);
  const below = await openStore({ location, clock, logger }).catch(asCannotStart);
  try {
    const shared = await openSharedKeys(below, options);
    const settle = (): Promise<void> => shared.publish().then(() => clock.sleep(settleSharedMs));
    const result = await change({ directory, settle });
    await shared.publish();
    return result;
  } finally {
    await below.close();
  }
}

/** Throws ConfigError where there is nothing to seal, or it would be too short. */
export async function changeStoredSecretKey({ config, clock, logger }: OpenStorageOptions, next: string): Promise<void> {
  const location = storeLocation(config);
  if (location.engine === "sqlite3") throw new ConfigError("[security] secret_key is of no use with SQLite: the keys are in data/keys");
  requireSecretKey(location, config);
  requireSecretKey(location, { secretKey: next });
  const below = await openStore({ location, clock, logger }).catch(asCannotStart);
  try {
    await changeSecretKey(below, config.secretKey, next);
  } finally {
    await below.close();
  }
}

const keyDirectoryOf = ({ dataPath }: Config): string => path.join(dataPath, "keys");

function openSharedKeys(store: Store, { config, clock, logger }: OpenStorageOptions): Promise<SharedKeys> {
  const directory = keyDirectoryOf(config);
  return SharedKeys.open({ store, secretKey: config.secretKey, directory, bundles: keyBundles({ config, directory, store, clock }), clock, logger });
}

function requireSecretKey({ engine }: StoreLocation, { secretKey }: Pick<Config, "secretKey">): void {
  if (engine === "sqlite3" || secretKey.length >= leastSecretKey) return;
  const found = secretKey === "" ? "it is not set" : `it has ${String(secretKey.length)} characters`;
  throw new ConfigError(
    `[security] secret_key is needed with [database] type = ${engine}, at least ${String(leastSecretKey)} characters and the same on each server: ${found}. ` +
      "The keys that servers have in common are stored sealed under it. `openssl rand -base64 48` makes one.",
  );
}

/** What is wrong outside of this program. */
const reasons = [StoreLocked, SchemaTooNew, StoreDamaged, StoreIncomplete, StoreUnavailable];

function asCannotStart(error: unknown): never {
  throw reasons.some((kind) => error instanceof kind) && error instanceof Error ? new CannotStart(error.message, { cause: error }) : error;
}
