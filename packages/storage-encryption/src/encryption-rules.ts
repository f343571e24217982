import { StoreUnavailable } from "@dataplane/storage";
import { aesCbcCipher } from "./ciphers/aes-cbc.js";
import { aesGcmCipher } from "./ciphers/aes-gcm.js";
import { secretboxCipher } from "./ciphers/secretbox.js";
import type { EncryptionConfiguration, KeyProvider, ProviderConfiguration } from "./encryption-configuration.js";
import { kmsCipher } from "./kms/kms-cipher.js";
import { openKmsPlugin } from "./kms/kms-plugin.js";
import { storedPrefixes } from "./resource-prefixes.js";
import { type Awaitable, isSealed, nameOf, sealedBy, startsWith, type ValueCipher } from "./value-cipher.js";

/** How the values of some resources are stored. */
interface Rule {
  readonly prefixes: readonly string[];
  /** Its own, which are tried first. */
  readonly ciphers: readonly ValueCipher[];
  /** Seals new values; undefined stores them in clear. */
  readonly writer: ValueCipher | undefined;
  /** Whether a value that is stored in clear is taken. */
  readonly takesClear: boolean;
}

/** What an EncryptionConfiguration says, ready for use. It does not change: another configuration makes another one. */
export class EncryptionRules {
  readonly #rules: readonly Rule[];
  /** In the order of the configuration; a key that is named twice is there twice. */
  readonly ciphers: readonly ValueCipher[];
  /** True while no rule refuses what is in clear. */
  readonly #takesAllClear: boolean;

  constructor({ resources }: EncryptionConfiguration) {
    const all: ValueCipher[] = [];
    this.#rules = resources.map(({ resources: names, providers }) => {
      const ciphers = providers.flatMap((provider) => ciphersOf(provider));
      all.push(...ciphers);
      const writer = providers[0]?.type === "identity" ? undefined : ciphers[0];
      return { prefixes: names.flatMap(storedPrefixes), ciphers, writer, takesClear: providers.some(({ type }) => type === "identity") };
    });
    this.ciphers = all;
    this.#takesAllClear = this.#rules.every(({ takesClear }) => takesClear);
  }

  /** Those that new values are sealed by. */
  get writers(): readonly ValueCipher[] {
    return this.#rules.flatMap(({ writer }) => (writer === undefined ? [] : [writer]));
  }

  /** The whole of it in a line, without a secret: the same for the same rules. */
  get description(): string {
    const keys = this.ciphers.map((cipher) => [cipher.provider, cipher.keyName, cipher.fingerprint ?? cipher.generation?.()]);
    const rules = this.#rules.map(({ prefixes, writer, takesClear }) => [
      prefixes,
      writer === undefined ? -1 : this.ciphers.indexOf(writer),
      takesClear,
    ]);
    return JSON.stringify([keys, rules]);
  }

  /** What seals the values of this key; undefined: they are stored in clear. */
  writerOf(storeKey: string): ValueCipher | undefined {
    return this.#ruleOf(storeKey)?.writer;
  }

  /** Whether the value is in clear, and is taken as it is. */
  isInClear(storeKey: string, value: Uint8Array): boolean {
    return !isSealed(value) && (this.#takesAllClear || this.#ruleOf(storeKey)?.takesClear !== false);
  }

  /** Whether a write of this very value would seal it in another way. */
  isOutdated(storeKey: string, value: Uint8Array): boolean {
    const writer = this.writerOf(storeKey);
    if (writer === undefined) return isSealed(value);
    const [prefix] = writer.prefixes;
    return prefix === undefined || !startsWith(value, prefix) || writer.isStale?.(value) === true;
  }

  /**
   * The value in clear. Any key of the configuration opens any resource's values, so that a resource that is taken from a list can be
   * read on. Throws a plain Error that says which key is missing or does not fit, StoreUnavailable while a key management service is away.
   */
  open(storeKey: string, value: Uint8Array): Awaitable<Uint8Array> {
    if (!isSealed(value)) {
      if (this.isInClear(storeKey, value)) return value;
      throw new Error("it is stored in clear, and identity is not among the providers of its resource");
    }
    const fitting = this.ciphers.filter(({ prefixes }) => prefixes.some((prefix) => startsWith(value, prefix)));
    const own = fitting.length > 1 ? (this.#ruleOf(storeKey)?.ciphers ?? []) : [];
    const ciphers = fitting.toSorted((one, other) => Number(own.includes(other)) - Number(own.includes(one)));
    if (ciphers.length === 0) {
      const by = sealedBy(value);
      throw new Error(`it is sealed by the key ${by === undefined ? "?" : nameOf(by)}, which the configuration does not have`);
    }
    return openedByFirst(ciphers, storeKey, value);
  }

  #ruleOf(storeKey: string): Rule | undefined {
    return this.#rules.find(({ prefixes }) => prefixes.some((prefix) => storeKey.startsWith(prefix)));
  }
}

/** Keys of one name may be of several resources. */
function openedByFirst(ciphers: readonly ValueCipher[], storeKey: string, value: Uint8Array): Awaitable<Uint8Array> {
  const [cipher, ...others] = ciphers;
  if (cipher === undefined) throw new Error("no key of that name opens it");
  const next = (error: unknown): Awaitable<Uint8Array> => {
    if (error instanceof StoreUnavailable) throw error;
    if (others.length > 0) return openedByFirst(others, storeKey, value);
    throw new Error(`the key ${nameOf(cipher)} does not open it: it was sealed under another one, changed or moved`, { cause: error });
  };
  try {
    const opened = cipher.open(value, storeKey);
    return opened instanceof Promise ? opened.catch(next) : opened;
  } catch (error) {
    return next(error);
  }
}

const makers: Readonly<Record<KeyProvider, (key: { readonly keyName: string; readonly key: Uint8Array }) => ValueCipher>> = {
  aesgcm: aesGcmCipher,
  aescbc: aesCbcCipher,
  secretbox: secretboxCipher,
};

function ciphersOf(provider: ProviderConfiguration): readonly ValueCipher[] {
  if (provider.type === "identity") return [];
  if (provider.type === "kms") return [kmsCipher({ name: provider.name, plugin: openKmsPlugin(provider) })];
  return provider.keys.map(({ name, secret }) => makers[provider.type]({ keyName: name, key: secret }));
}
