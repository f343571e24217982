/** At once where it can be: most values are opened by a key that is in memory, and a list of many does not wait for each. */
export type Awaitable<T> = T | Promise<T>;

/** One key of one provider. */
export interface ValueCipher {
  /** The provider's name in an EncryptionConfiguration. */
  readonly provider: string;
  readonly keyName: string;
  /** Tells this key from another one of the same name, and nothing else of it. Undefined where somebody else keeps the key. */
  readonly fingerprint: string | undefined;
  /** How the values begin that it can open; those that it seals begin with the first. */
  readonly prefixes: readonly Buffer[];
  /** Before it is used first; throws StoreUnavailable while what it needs is away. */
  prove?(): Promise<void>;
  /** Of a key that somebody else keeps: which one seals now. */
  generation?(): string;
  /** Whether a value with its prefix should be sealed anew all the same. */
  isStale?(sealed: Uint8Array): boolean;
  /** Whole, with the prefix. Throws StoreUnavailable while what it needs is away. */
  seal(plain: Uint8Array, storeKey: string): Awaitable<Uint8Array>;
  /** `sealed` begins with one of the prefixes. Throws a plain Error for what was not sealed by this key, was changed, or (not by all) was moved from another store key; StoreUnavailable as `seal`. */
  open(sealed: Uint8Array, storeKey: string): Awaitable<Uint8Array>;
}

/** The name that a message can use: `key1 (aesgcm)`. */
export const nameOf = ({ provider, keyName }: Pick<ValueCipher, "provider" | "keyName">): string => `${keyName} (${provider})`;

/** Of values that kube-apiserver's providers made, and ours of the same form. */
const kubernetesMark = Buffer.from("k8s:enc:");
/** Of our own form. */
const ownMark = Buffer.from("dataplane:enc:");
const openingBrace = 0x7b;

/** Whether a stored value is a sealed one. Others are JSON. */
export function isSealed(value: Uint8Array): boolean {
  return value[0] !== openingBrace && (startsWith(value, ownMark) || startsWith(value, kubernetesMark));
}

export function startsWith(value: Uint8Array, prefix: Uint8Array): boolean {
  if (value.byteLength < prefix.byteLength) return false;
  for (let index = 0; index < prefix.byteLength; index += 1) if (value[index] !== prefix[index]) return false;
  return true;
}

/** `k8s:enc:aescbc:v1:key1:`, as kube-apiserver writes it. */
export const kubernetesPrefix = (provider: string, version: string, keyName: string): Buffer =>
  Buffer.from(`k8s:enc:${provider}:${version}:${keyName}:`);

/** `dataplane:enc:aesgcm:v1:key1:`. */
export const ownPrefix = (provider: string, version: string, keyName: string): Buffer =>
  Buffer.from(`dataplane:enc:${provider}:${version}:${keyName}:`);

/** Provider and key by which a value was sealed, for messages; undefined for what is not sealed. */
export function sealedBy(value: Uint8Array): { readonly provider: string; readonly keyName: string } | undefined {
  if (!isSealed(value)) return undefined;
  const [, , provider = "", , keyName = ""] = Buffer.from(value.subarray(0, 512)).toString("latin1").split(":", 5);
  return { provider, keyName: Buffer.from(keyName, "latin1").toString("utf8") };
}
