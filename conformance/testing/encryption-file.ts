import { writeFileSync } from "node:fs";

export interface TestKey {
  readonly name: string;
  /** 32 bytes, base64. */
  readonly secret: string;
}

export const testKey = (name: string, seed: number): TestKey => ({ name, secret: Buffer.alloc(32, seed).toString("base64") });

/** An EncryptionConfiguration in JSON, as it is: the first key seals Secrets, and what is in clear is read too. */
export function encryptionText(keys: readonly TestKey[], resources: readonly string[] = ["secrets"], provider = "aesgcm"): string {
  return JSON.stringify({
    kind: "EncryptionConfiguration",
    apiVersion: "apiserver.config.k8s.io/v1",
    resources: [{ resources, providers: [{ [provider]: { keys } }, { identity: {} }] }],
  });
}

export const writeEncryption = (file: string, keys: readonly TestKey[], resources?: readonly string[]): void =>
  writeFileSync(file, encryptionText(keys, resources), { mode: 0o600 });
