import { randomBytes } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { kubernetesPrefix, type ValueCipher } from "../value-cipher.js";
import type { KeyOptions } from "./aes-gcm.js";
import { fingerprintOf } from "./key-fingerprint.js";

const nonceBytes = 24;

/** XSalsa20 and Poly1305, as kube-apiserver's secretbox has it: nonce, tag, ciphertext. It does not notice a value that was moved. */
export function secretboxCipher({ keyName, key }: KeyOptions): ValueCipher {
  const prefix = kubernetesPrefix("secretbox", "v1", keyName);
  return {
    provider: "secretbox",
    keyName,
    fingerprint: fingerprintOf(key),
    prefixes: [prefix],
    seal(plain) {
      const nonce = randomBytes(nonceBytes);
      return Buffer.concat([prefix, nonce, xsalsa20poly1305(key, nonce).encrypt(plain)]);
    },
    open(sealed) {
      const body = sealed.subarray(prefix.byteLength);
      return xsalsa20poly1305(key, body.subarray(0, nonceBytes)).decrypt(body.subarray(nonceBytes));
    },
  };
}
