import { kubernetesPrefix, ownPrefix, startsWith, type ValueCipher } from "../value-cipher.js";
import { DataKeys, sealedDataKeyBytes } from "./data-keys.js";
import { openGcm, sealGcm } from "./gcm.js";
import { fingerprintOf } from "./key-fingerprint.js";

export interface KeyOptions {
  readonly keyName: string;
  readonly key: Uint8Array;
}

/**
 * AES-GCM with envelope keys: prefix, sealed data key, nonce, ciphertext, tag; the store's key is additional data, so that a value that was
 * moved to another key does not open. Reads too what kube-apiserver's aesgcm wrote: prefix, nonce, ciphertext and tag under the key itself.
 */
export function aesGcmCipher({ keyName, key, usesPerKey }: KeyOptions & { readonly usesPerKey?: number }): ValueCipher {
  const own = ownPrefix("aesgcm", "v1", keyName);
  const kubernetes = kubernetesPrefix("aesgcm", "v1", keyName);
  const dataKeys = new DataKeys({ keyEncryptionKey: key, additional: own, ...(usesPerKey === undefined ? {} : { usesPerKey }) });
  return {
    provider: "aesgcm",
    keyName,
    fingerprint: fingerprintOf(key),
    prefixes: [own, kubernetes],
    seal(plain, storeKey) {
      const next = dataKeys.next();
      return Buffer.concat([own, next.sealed, sealGcm(next.key, next.nonce, plain, Buffer.from(storeKey))]);
    },
    open(sealed, storeKey) {
      const additional = Buffer.from(storeKey);
      if (!startsWith(sealed, own)) return openGcm(key, sealed.subarray(kubernetes.byteLength), additional);
      const end = own.byteLength + sealedDataKeyBytes;
      const dataKey = dataKeys.open(sealed.subarray(own.byteLength, end));
      return openGcm(dataKey, sealed.subarray(end), additional);
    },
  };
}
