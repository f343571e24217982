import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { manifestName } from "./check-signature.js";
import { readPluginJson } from "./find-plugins.js";
import { pluginFiles, sha256Of } from "./plugin-files.js";
import { parsePluginJson } from "./plugin-json.js";
import { manifestVersion, type PluginManifest, type SignatureType } from "./plugin-manifest.js";

/** The key that signs, and what the manifest says of its owner. */
export interface SigningKey {
  /** PGP private key, armoured. */
  readonly privateKey: string;
  /** Needed when the key is locked. */
  readonly passphrase?: string;
}

export interface SignOptions {
  /** "private" when absent and there are root URLs, else "community". */
  readonly signatureType?: SignatureType;
  readonly rootUrls?: readonly string[];
  readonly signedByOrg?: string;
  readonly signedByOrgName?: string;
  readonly now: Date;
}

/**
 * Writes MANIFEST.txt into a plugin's folder: the hash of each file, clear-signed, as `checkSignature` verifies it. Returns what it says.
 * Throws PluginJsonError, ForeignFile, or an Error that says what is wrong with the key; the key itself is never shown.
 */
export async function signPlugin(directory: string, key: SigningKey, options: SignOptions): Promise<PluginManifest> {
  const { rootUrls = [], signedByOrg = "", signedByOrgName = signedByOrg, now } = options;
  const json = parsePluginJson(readPluginJson(directory));
  const { createCleartextMessage, sign } = await import("openpgp");
  const signingKeys = await openKey(key);
  const paths = (await pluginFiles(directory)).filter((path) => path !== manifestName);
  const files = new Map<string, string>();
  for (const path of paths) files.set(path, await sha256Of(join(directory, path)));
  const manifest: PluginManifest = {
    manifestVersion,
    signatureType: options.signatureType ?? (rootUrls.length === 0 ? "community" : "private"),
    signedByOrg,
    signedByOrgName,
    rootUrls,
    plugin: json.id,
    version: json.version,
    time: now.getTime(),
    keyId: signingKeys.getKeyID().toHex(),
    files,
  };
  const text = JSON.stringify({ ...manifest, files: Object.fromEntries(files) }, undefined, 2);
  const signed = await sign({ message: await createCleartextMessage({ text }), signingKeys, date: now });
  await writeFile(join(directory, manifestName), signed);
  return manifest;
}

async function openKey({ privateKey, passphrase }: SigningKey) {
  const { decryptKey, readPrivateKey } = await import("openpgp");
  let key: Awaited<ReturnType<typeof readPrivateKey>>;
  try {
    key = await readPrivateKey({ armoredKey: privateKey });
  } catch {
    throw new Error("the signing key is no armoured PGP private key");
  }
  if (key.isDecrypted()) return key;
  if (passphrase === undefined) throw new Error("the signing key is locked: a passphrase is needed");
  return decryptKey({ privateKey: key, passphrase }).catch(() => {
    throw new Error("the passphrase does not open the signing key");
  });
}
