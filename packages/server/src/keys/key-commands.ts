import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { addSealingKey } from "@dataplane/datasources";
import { type NamedKey, parseEncryptionConfiguration } from "@dataplane/storage-encryption";
import { UsageError } from "../command-line.js";
import type { Config } from "../config/load-config.js";
import { defaultEncryptionFile, newEncryptionKey, writeDefaultEncryption } from "./encryption-file.js";
import { changeStoredSecretKey, type KeysToChange, type OpenStorageOptions } from "./open-storage.js";

/**
 * `dataplane keys rotate`: new keys for `secure` values, and for stored Secrets where the server keeps their keys. All servers can open by a new key
 * before one seals by it; the old ones stay. Gives what is to be told. Throws UsageError for keys that are not there, or not the server's to change.
 */
export async function rotateKeys({ encryptionConfig }: Pick<Config, "encryptionConfig">, keys: KeysToChange): Promise<string> {
  const file = encryptionConfig === "" ? path.join(keys.directory, defaultEncryptionFile) : undefined;
  if (!existsSync(file ?? path.join(keys.directory, "secrets.key")))
    throw new UsageError("there are no keys yet: start the server once, which makes them");
  const known = file === undefined ? [] : keysIn(file);
  const next = newEncryptionKey(nameAfter(known));
  const sealing = randomBytes(32);
  if (file !== undefined) writeDefaultEncryption(file, [...known, next]);
  addSealingKey(keys.directory, sealing, "last");
  await keys.settle();
  if (file !== undefined) writeDefaultEncryption(file, [next, ...known]);
  addSealingKey(keys.directory, sealing, "first");
  return file === undefined
    ? "There is a new key for secure values. Those of [grafana-apiserver] encryption_provider_config are yours: put a new one below the first of that file on each server, then above it."
    : "There are new keys for Secrets and secure values; a running server seals by them within seconds, and rewrites the Secrets.";
}

/** `dataplane keys secret-key`: seals what servers have in common under the secret_key that standard input has. Throws UsageError, ConfigError and CannotStart. */
export async function reseal(options: OpenStorageOptions): Promise<void> {
  const next = (await text(process.stdin)).trim();
  await changeStoredSecretKey(options, next);
}

/** Of a file that this server wrote. */
function keysIn(file: string): readonly NamedKey[] {
  const [rule, ...others] = parseEncryptionConfiguration(readFileSync(file, "utf8")).resources;
  const [provider] = rule?.providers ?? [];
  const isOurs = others.length === 0 && rule?.resources.join() === "secrets" && provider?.type === "aesgcm";
  if (!isOurs) throw new UsageError(`${file} was changed by hand: put a new key into it by hand too, below the first one; then above it`);
  return provider.keys;
}

function nameAfter(keys: readonly NamedKey[]): string {
  const numbers = keys.map(({ name }) => Number(/^key(\d{1,9})$/.exec(name)?.[1] ?? 0));
  return `key${String(Math.max(0, ...numbers) + 1)}`;
}
