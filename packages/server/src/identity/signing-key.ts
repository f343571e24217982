import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { newKeyPair } from "@dataplane/plugin-protocol";
import { writeFileAtomically } from "../write-file.js";

/** The key that this installation signs its tokens with (ES256). */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** `kid` of tokens and of the published key: the SHA-256 of the public key, base64url, as kube-apiserver has it. */
  readonly id: string;
  /** The public key as RFC 7517 writes it. */
  readonly jwk: JsonWebKey;
}

/** Made at the first start and kept in `<directory>/token-signing.key` (0600). */
export function openSigningKey(directory: string): SigningKey {
  const file = path.join(directory, "token-signing.key");
  if (!existsSync(file)) writeFileAtomically(file, newKeyPair().privateKey.export({ type: "pkcs8", format: "pem" }).toString(), 0o600);
  const privateKey = createPrivateKey(readFileSync(file, "utf8"));
  const publicKey = createPublicKey(privateKey);
  const digest = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" }));
  const id = digest.digest("base64url");
  return { privateKey, publicKey, id, jwk: { ...publicKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: id } };
}
