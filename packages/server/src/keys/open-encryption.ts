import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import { watchFolders } from "@dataplane/plugin-host";
import { type Store, StoreUnavailable } from "@dataplane/storage";
import { EncryptionAtRest, EncryptionKeyMissing } from "@dataplane/storage-encryption";
import { CannotStart } from "../cannot-start.js";
import type { Config } from "../config/load-config.js";
import { encryptionFileOf, ensureDefaultEncryption, readEncryptionRules } from "./encryption-file.js";

export interface OpenEncryptionOptions {
  readonly config: Pick<Config, "encryptionConfig">;
  /** What relative paths of the configuration count from. */
  readonly root: string;
  readonly keyDirectory: string;
  /** The store below. */
  readonly store: Store;
  /** Whether other servers may have it open. */
  readonly isShared?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks at the file; a second unless told. */
  readonly lookMs?: number;
}

/** Encryption at rest by a file, which is read again when it changes. */
export interface OpenedEncryption {
  /** With values in clear. */
  readonly store: Store;
  /** Follows the file and rewrites what is stored in another way, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Throws CannotStart for a file that cannot be used, and for a key that is missing or another one; then nothing was written. */
export async function openEncryption(options: OpenEncryptionOptions): Promise<OpenedEncryption> {
  const { config, root, keyDirectory, store, isShared = false, clock, logger, lookMs = 1_000 } = options;
  if (config.encryptionConfig === "") await ensureDefaultEncryption(keyDirectory, store);
  const file = encryptionFileOf(config, root, keyDirectory);
  let text = textOf(file);
  const encryption = await EncryptionAtRest.open({ store, rules: readEncryptionRules(file), isShared, clock, logger }).catch((error: unknown) => {
    if (error instanceof EncryptionKeyMissing || error instanceof StoreUnavailable)
      throw new CannotStart(`${file}: ${error.message}`, { cause: error });
    throw error;
  });
  const reload = async (): Promise<void> => {
    const next = textOf(file);
    if (next === text) return;
    text = next;
    try {
      await encryption.replace(readEncryptionRules(file));
      logger.info({ file: path.basename(file) }, "encryption at rest: the configuration was read again");
    } catch (error) {
      logger.error({ err: error }, "encryption at rest: the changed configuration is not used; the one before stays");
    }
  };
  return {
    store: encryption.store,
    async run(signal) {
      await Promise.all([encryption.run(signal), watchFolders({ paths: () => [file], onSettled: reload, periodMs: lookMs, clock }, signal)]);
    },
  };
}

const textOf = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
