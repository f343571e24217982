import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { kubernetesPrefix, type ValueCipher } from "../value-cipher.js";
import type { KeyOptions } from "./aes-gcm.js";
import { fingerprintOf } from "./key-fingerprint.js";

const blockBytes = 16;

/** AES-CBC with PKCS#7 padding, as kube-apiserver's aescbc has it: it does not notice a value that was changed or moved. For data that is there. */
export function aesCbcCipher({ keyName, key }: KeyOptions): ValueCipher {
  const prefix = kubernetesPrefix("aescbc", "v1", keyName);
  const algorithm = `aes-${String(key.byteLength * 8)}-cbc`;
  return {
    provider: "aescbc",
    keyName,
    fingerprint: fingerprintOf(key),
    prefixes: [prefix],
    seal(plain) {
      const iv = randomBytes(blockBytes);
      const cipher = createCipheriv(algorithm, key, iv);
      return Buffer.concat([prefix, iv, cipher.update(plain), cipher.final()]);
    },
    open(sealed) {
      const body = sealed.subarray(prefix.byteLength);
      if (body.byteLength < 2 * blockBytes || body.byteLength % blockBytes !== 0) throw new Error("the sealed value is no whole number of blocks");
      const decipher = createDecipheriv(algorithm, key, body.subarray(0, blockBytes));
      return Buffer.concat([decipher.update(body.subarray(blockBytes)), decipher.final()]);
    },
  };
}
