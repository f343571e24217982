import { randomBytes, scrypt } from "node:crypto";
import { isJsonObject, type JsonValue } from "@dataplane/meta";
import { type Entry, RevisionConflict, type Store } from "@dataplane/storage";
import { aesGcmCipher, reservedKey, type ValueCipher } from "@dataplane/storage-encryption";
import { CannotStart } from "../cannot-start.js";

const rootKeyBytes = 32;
const storeKey = reservedKey("keys", "root");
const cost = { N: 32_768, r: 8, p: 1 };

interface Derivation {
  readonly salt: Buffer;
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * The key that shared keys are sealed under. It is made once and lies in the store, sealed by what scrypt makes of `[security] secret_key`: that
 * it opens proves the secret_key, and another secret_key is one write. Throws CannotStart for a secret_key that does not open it.
 */
export async function openRootKey(store: Store, secretKey: string): Promise<ValueCipher> {
  const root = await openRecord((await store.get(storeKey)) ?? (await makeRecord(store, secretKey)), secretKey);
  return aesGcmCipher({ keyName: "root", key: root });
}

/** Seals the root key under another secret_key. Servers that run go on; the next start of each needs the new one. */
export async function changeSecretKey(store: Store, before: string, after: string): Promise<void> {
  const entry = await store.get(storeKey);
  if (entry === undefined) throw new CannotStart("no server has kept its keys in this database yet");
  await store.put(storeKey, await recordOf(await openRecord(entry, before), after), { expected: entry.revision });
}

/** Who comes second takes what the first has made. */
async function makeRecord(store: Store, secretKey: string): Promise<Entry> {
  try {
    return await store.put(storeKey, await recordOf(randomBytes(rootKeyBytes), secretKey), { expected: 0n });
  } catch (error) {
    const made = error instanceof RevisionConflict ? await store.get(storeKey) : undefined;
    if (made === undefined) throw error;
    return made;
  }
}

async function recordOf(root: Uint8Array, secretKey: string): Promise<Uint8Array> {
  const derivation: Derivation = { salt: randomBytes(16), ...cost };
  const sealed = await (await derivedCipher(secretKey, derivation)).seal(root, storeKey);
  const record = {
    version: 1,
    kdf: { name: "scrypt", ...derivation, salt: derivation.salt.toString("base64") },
    sealed: Buffer.from(sealed).toString("base64"),
  };
  return Buffer.from(JSON.stringify(record));
}

async function openRecord({ value }: Entry, secretKey: string): Promise<Uint8Array> {
  const { derivation, sealed } = parseRecord(JSON.parse(Buffer.from(value).toString("utf8")) as JsonValue);
  const cipher = await derivedCipher(secretKey, derivation);
  try {
    return await cipher.open(sealed, storeKey);
  } catch (error) {
    throw new CannotStart(
      "[security] secret_key is not the one that the keys in this database are sealed under: use that of the other servers. Nothing was changed.",
      { cause: error },
    );
  }
}

function parseRecord(record: JsonValue): { readonly derivation: Derivation; readonly sealed: Uint8Array } {
  const kdf = isJsonObject(record) ? record["kdf"] : undefined;
  if (!isJsonObject(record) || record["version"] !== 1 || !isJsonObject(kdf) || kdf["name"] !== "scrypt") {
    throw new CannotStart("the keys in this database were sealed by a newer release: use that one");
  }
  const { N, r, p, salt } = kdf;
  const { sealed } = record;
  if (typeof N !== "number" || typeof r !== "number" || typeof p !== "number" || typeof salt !== "string" || typeof sealed !== "string") {
    throw new CannotStart(`the record ${storeKey} of this database is damaged: restore it from a backup`);
  }
  return { derivation: { N, r, p, salt: Buffer.from(salt, "base64") }, sealed: Buffer.from(sealed, "base64") };
}

async function derivedCipher(secretKey: string, { salt, N, r, p }: Derivation): Promise<ValueCipher> {
  const key = await new Promise<Buffer>((resolve, reject) => {
    scrypt(secretKey, salt, rootKeyBytes, { N, r, p, maxmem: 256 * N * r }, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
  return aesGcmCipher({ keyName: "secret_key", key });
}
