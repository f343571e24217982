import { createHmac, randomBytes } from "node:crypto";
import { nonceBytes, openGcm, sealGcm } from "../ciphers/gcm.js";

export const seedBytes = 32;
const infoBytes = 32;

/** As kube-apiserver seals values below a KMS: each by a key of its own, which HKDF (RFC 5869, expand only) makes of the seed and 32 random bytes. */
export function sealExtended(seed: Uint8Array, plain: Uint8Array, additional: Uint8Array): Uint8Array {
  const info = randomBytes(infoBytes);
  return Buffer.concat([info, sealGcm(derived(seed, info), randomBytes(nonceBytes), plain, additional)]);
}

/** What `sealExtended` made. Throws when seed, additional data or a byte differ. */
export function openExtended(seed: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array {
  if (sealed.byteLength < infoBytes) throw new Error("the sealed value is too short");
  return openGcm(derived(seed, sealed.subarray(0, infoBytes)), sealed.subarray(infoBytes), additional);
}

// A key of 32 bytes is the first block of SHA-256's.
const derived = (seed: Uint8Array, info: Uint8Array): Buffer => createHmac("sha256", seed).update(info).update(Uint8Array.of(1)).digest();
