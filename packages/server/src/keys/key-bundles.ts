import { openSealer } from "@dataplane/datasources";
import type { Clock } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import type { Config } from "../config/load-config.js";
import { openSigningKey } from "../identity/signing-key.js";
import { openUsers } from "../identity/users.js";
import { openAuthority } from "../tls/authority.js";
import { clientAuthority } from "../tls/certificates.js";
import { defaultEncryptionFile, ensureDefaultEncryption } from "./encryption-file.js";

/** Files of the key folder that go together, and are the same on all servers of a store. */
export interface KeyBundle {
  readonly name: string;
  readonly files: readonly string[];
  /** Makes the files, where they are not there. */
  make(): Promise<unknown>;
}

export interface KeyBundlesOptions {
  readonly config: Pick<Config, "adminUser" | "adminPassword" | "encryptionConfig">;
  readonly directory: string;
  readonly store: Store;
  readonly clock: Clock;
}

/** What a server has for itself is not among them: its serving and front-proxy certificates, its kubeconfig. */
export function keyBundles({ config, directory, store, clock }: KeyBundlesOptions): readonly KeyBundle[] {
  const { adminUser, adminPassword } = config;
  const authority = (file: string, purpose: string): KeyBundle => ({
    name: file,
    files: [`${file}.key`, `${file}.crt`],
    make: () => Promise.resolve(openAuthority({ directory, file, purpose, now: clock.now() })),
  });
  const encryption: KeyBundle = {
    name: "encryption",
    files: [defaultEncryptionFile],
    make: () => ensureDefaultEncryption(directory, store),
  };
  return [
    authority("ca", "data-plane-aggregator-ca"),
    authority(clientAuthority.file, clientAuthority.purpose),
    authority("front-proxy-ca", "data-plane-aggregator-front-proxy-ca"),
    { name: "token-signing", files: ["token-signing.key"], make: () => Promise.resolve(openSigningKey(directory)) },
    { name: "secrets", files: ["secrets.key"], make: () => Promise.resolve(openSealer({ keyDirectory: directory })) },
    { name: "users", files: ["users.json"], make: () => openUsers({ directory, adminUser, adminPassword }) },
    // Of a file that was configured, each server has its own copy.
    ...(config.encryptionConfig === "" ? [encryption] : []),
  ];
}
