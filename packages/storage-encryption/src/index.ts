export { EncryptionAtRest, type EncryptionAtRestOptions } from "./encryption-at-rest.js";
export {
  type EncryptionConfiguration,
  InvalidEncryptionConfiguration,
  type KeyProvider,
  type NamedKey,
  type ProviderConfiguration,
  parseEncryptionConfiguration,
  type ResourceEncryption,
} from "./encryption-configuration.js";
export { EncryptionRules, type EncryptionRulesOptions } from "./encryption-rules.js";
export { EncryptionKeyMissing, hasKeyRecords } from "./key-records.js";
export { isReserved, reservedKey, reservedPrefix } from "./reserved-keys.js";
export { isSealed, sealedBy, type ValueCipher } from "./value-cipher.js";
