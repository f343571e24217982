import { randomBytes } from "node:crypto";
import { StoreUnavailable } from "@dataplane/storage";
import { openGcm } from "../ciphers/gcm.js";
import { kubernetesPrefix, type ValueCipher } from "../value-cipher.js";
import { openExtended, sealExtended, seedBytes } from "./extended-nonce.js";
import { type KmsCiphertext, readEncryptedObject, writeEncryptedObject } from "./kms-messages.js";
import type { KmsPlugin } from "./kms-plugin.js";

export interface KmsCipherOptions {
  readonly name: string;
  readonly plugin: KmsPlugin;
  /** Monotonic, in milliseconds; performance.now unless told. */
  readonly now?: () => number;
}

/** The seed that values are sealed by. */
interface Current {
  readonly seed: Uint8Array;
  readonly source: KmsCiphertext;
  /** When the plugin last said that its key is still the one that sealed the seed. */
  readonly checkedAt: number;
}

const isSeed = 1;
const checkEveryMs = 60_000;
/** Without an answer of the plugin, nothing is sealed any longer than this, as kube-apiserver has it. */
const trustedMs = 180_000;
const rememberedSeeds = 1_000;

/**
 * Values as kube-apiserver's kms v2 stores them. The plugin seals a seed, not values: it is asked at the first write, once for each seed that is
 * read, and each minute whether its key is the same; another key makes another seed.
 */
export function kmsCipher({ name, plugin, now = () => performance.now() }: KmsCipherOptions): ValueCipher {
  const prefix = kubernetesPrefix("kms", "v2", name);
  const seeds = new Map<string, Promise<Uint8Array>>();
  let current: Current | undefined;
  let checking: Promise<Current> | undefined;

  const check = async (): Promise<Current> => {
    const { healthz, keyId } = await plugin.status();
    if (healthz !== "ok") throw new StoreUnavailable(`the kms plugin ${name} is not well: ${healthz}`);
    if (current?.source.keyId === keyId) return { ...current, checkedAt: now() };
    const seed = randomBytes(seedBytes);
    const source = await plugin.encrypt(seed);
    remember(source, Promise.resolve(seed));
    return { seed, source, checkedAt: now() };
  };
  const checked = (): Promise<Current> => {
    checking ??= check()
      .then((next) => (current = next))
      .finally(() => (checking = undefined));
    return checking;
  };
  const toSealBy = async (): Promise<Current> => {
    const age = current === undefined ? Infinity : now() - current.checkedAt;
    if (current !== undefined && age < checkEveryMs) return current;
    return checked().catch((error: unknown) => {
      if (current !== undefined && age < trustedMs) return current;
      throw error;
    });
  };
  const remember = (source: KmsCiphertext, seed: Promise<Uint8Array>): void => {
    if (seeds.size >= rememberedSeeds) seeds.clear();
    seeds.set(nameOf(source), seed);
  };
  const seedOf = (source: KmsCiphertext): Promise<Uint8Array> => {
    const known = seeds.get(nameOf(source));
    if (known !== undefined) return known;
    const seed = plugin.decrypt(source);
    remember(source, seed);
    seed.catch(() => seeds.delete(nameOf(source)));
    return seed;
  };

  return {
    provider: "kms",
    keyName: name,
    fingerprint: undefined,
    prefixes: [prefix],
    async prove() {
      await toSealBy();
    },
    generation: () => current?.source.keyId ?? "",
    isStale: (sealed) => current !== undefined && readEncryptedObject(sealed.subarray(prefix.byteLength)).source.keyId !== current.source.keyId,
    async seal(plain, storeKey) {
      const { seed, source } = await toSealBy();
      const encryptedData = sealExtended(seed, plain, Buffer.from(storeKey));
      return Buffer.concat([prefix, writeEncryptedObject({ encryptedData, source, sourceType: isSeed })]);
    },
    async open(sealed, storeKey) {
      const { encryptedData, source, sourceType } = readEncryptedObject(sealed.subarray(prefix.byteLength));
      const key = await seedOf(source);
      const additional = Buffer.from(storeKey);
      return sourceType === isSeed ? openExtended(key, encryptedData, additional) : openGcm(key, encryptedData, additional);
    },
  };
}

const nameOf = ({ ciphertext, keyId }: KmsCiphertext): string => `${keyId} ${Buffer.from(ciphertext).toString("base64")}`;
