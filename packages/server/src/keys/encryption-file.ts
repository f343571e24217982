import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Store } from "@dataplane/storage";
import {
  EncryptionRules,
  hasKeyRecords,
  InvalidEncryptionConfiguration,
  type NamedKey,
  parseEncryptionConfiguration,
  printEncryptionConfiguration,
} from "@dataplane/storage-encryption";
import { CannotStart } from "../cannot-start.js";
import type { Config } from "../config/load-config.js";
import { writeFileAtomically } from "../write-file.js";

/** The server's own EncryptionConfiguration (0600), which counts where none was configured. */
export const defaultEncryptionFile = "encryption.yaml";

export const newEncryptionKey = (name: string): NamedKey => ({ name, secret: randomBytes(32) });

/** Where the EncryptionConfiguration is. */
export const encryptionFileOf = ({ encryptionConfig }: Pick<Config, "encryptionConfig">, root: string, keyDirectory: string): string =>
  encryptionConfig === "" ? path.join(keyDirectory, defaultEncryptionFile) : path.resolve(root, encryptionConfig);

/**
 * Makes the default file where it is not there: Secrets, under a new key; what is in clear from before is read too. Throws CannotStart when
 * `store` has values that were sealed under keys of a file that is gone: another key would not open them.
 */
export async function ensureDefaultEncryption(keyDirectory: string, store: Store): Promise<void> {
  const file = path.join(keyDirectory, defaultEncryptionFile);
  if (existsSync(file)) return;
  if (await hasKeyRecords(store)) {
    throw new CannotStart(
      `${file} is gone, and stored values are sealed under its keys: restore it, or name the EncryptionConfiguration that was in use with ` +
        "[grafana-apiserver] encryption_provider_config. Nothing was changed.",
    );
  }
  writeDefaultEncryption(file, [newEncryptionKey("key1")]);
}

/** The first key seals, all open. */
export function writeDefaultEncryption(file: string, keys: readonly NamedKey[]): void {
  const providers = [{ type: "aesgcm", keys } as const, { type: "identity" } as const];
  writeFileAtomically(file, printEncryptionConfiguration({ resources: [{ resources: ["secrets"], providers }] }), 0o600);
}

/** Throws CannotStart for a file that is not there or cannot be used; the message names it, and the wrong fields. */
export function readEncryptionRules(file: string): EncryptionRules {
  const text = readText(file);
  try {
    return new EncryptionRules(parseEncryptionConfiguration(text));
  } catch (error) {
    if (!(error instanceof InvalidEncryptionConfiguration)) throw error;
    throw new CannotStart(`${file}: ${error.message}`, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CannotStart(`[grafana-apiserver] encryption_provider_config: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
