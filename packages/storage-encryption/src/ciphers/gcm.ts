import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";

export const nonceBytes = 12;
export const tagBytes = 16;

/** `nonce`, ciphertext and tag in one. `nonce` must never be used again with this key. */
export function sealGcm(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, additional: Uint8Array): Buffer {
  const cipher = createCipheriv(algorithmOf(key), key, nonce, { authTagLength: tagBytes }).setAAD(additional);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** What `sealGcm` made. Throws when key, additional data or a byte differ. */
export function openGcm(key: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Buffer {
  if (sealed.byteLength < nonceBytes + tagBytes) throw new Error("the sealed value is too short");
  const end = sealed.byteLength - tagBytes;
  const decipher = createDecipheriv(algorithmOf(key), key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(additional)
    .setAuthTag(sealed.subarray(end));
  const head = decipher.update(sealed.subarray(nonceBytes, end));
  const tail = decipher.final();
  return tail.byteLength === 0 ? head : Buffer.concat([head, tail]);
}

const algorithmOf = (key: Uint8Array): CipherGCMTypes =>
  key.byteLength === 16 ? "aes-128-gcm" : key.byteLength === 24 ? "aes-192-gcm" : "aes-256-gcm";
