// For those who keep keys of their own in a store.
export { aesGcmCipher } from "./ciphers/aes-gcm.js";
export { EncryptionAtRest, type EncryptionAtRestOptions } from "./encryption-at-rest.js";
export {
  type EncryptionConfiguration,
  InvalidEncryptionConfiguration,
  type KeyProvider,
  type NamedKey,
  type ProviderConfiguration,
  parseEncryptionConfiguration,
  printEncryptionConfiguration,
  type ResourceEncryption,
} from "./encryption-configuration.js";
export { EncryptionRules } from "./encryption-rules.js";
export { EncryptionKeyMissing, hasKeyRecords } from "./key-records.js";
export { isReserved, reservedKey, reservedPrefix } from "./reserved-keys.js";
export { isSealed, sealedBy, type ValueCipher } from "./value-cipher.js";
