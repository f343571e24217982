import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FoundPlugin, isWithin, readPluginJson } from "./find-plugins.js";
import type { PluginSignature } from "./plugin.js";
import { executableFile } from "./plugin-command.js";
import { ForeignFile, pluginFiles, sha256Of } from "./plugin-files.js";
import { parsePluginJson } from "./plugin-json.js";
import { ManifestError, mayLoadAt, type PluginManifest, parseManifest } from "./plugin-manifest.js";

/** What is known of a plugin's signature. */
export interface SignatureVerdict {
  readonly signature: PluginSignature;
  /** One line for people; empty when there is nothing to say. */
  readonly message: string;
  /** What the manifest says, once its signature was found good. */
  readonly manifest?: PluginManifest;
}

export interface SignatureRules {
  /** Armoured PGP public keys. */
  readonly trustedKeys: readonly string[];
  /** Of this server: private plugins are bound to it. */
  readonly rootUrl: string;
  readonly now: () => Date;
}

export const manifestName = "MANIFEST.txt";
/** One of a plugin with 20,000 files has some MB. */
const maxManifestBytes = 8 << 20;
/** By how much the clock of whoever signed may be ahead of ours. */
const clockSkewMs = 3_600_000;

/**
 * The folder whose MANIFEST.txt speaks for a plugin: its own, or that of the plugin it lies in (an app signs what it brings along).
 * Undefined for one without.
 */
export function signedFolderOf({ directory, root }: Pick<FoundPlugin, "directory" | "root">): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    if (existsSync(join(folder, manifestName)) && existsSync(join(folder, "plugin.json"))) return folder;
    if (folder === root || !isWithin(root, folder)) return undefined;
  }
}

/** Checks a plugin against its MANIFEST.txt. Never throws: what cannot be checked is not valid. */
export async function checkSignature(plugin: FoundPlugin, rules: SignatureRules): Promise<SignatureVerdict> {
  if (plugin.signature === "internal") return { signature: "internal", message: "" };
  const folder = signedFolderOf(plugin);
  if (folder === undefined) return { signature: "unsigned", message: "" };
  try {
    const { text, isTrusted, keyId } = await readSigned(join(folder, manifestName), rules);
    const manifest = parseManifest(text);
    const changed = (await changeIn(folder, manifest)) ?? foreignExecutable(plugin, folder);
    if (changed !== undefined) return { signature: "modified", message: changed };
    // Nobody that this server trusts vouches for it: as good as no signature, and no better.
    if (!isTrusted) return { signature: "unsigned", message: `signed by key ${keyId}, which is none of [plugins] trusted_keys` };
    if (!mayLoadAt(manifest, rules.rootUrl)) {
      return { signature: "invalid", message: `signed for servers at ${manifest.rootUrls.join(", ")}, not for ${rules.rootUrl}` };
    }
    return { signature: "valid", message: "", manifest };
  } catch (thrown) {
    const signature = thrown instanceof ForeignFile ? "modified" : "invalid";
    return { signature, message: `${manifestName}: ${thrown instanceof Error ? thrown.message : String(thrown)}` };
  }
}

interface SignedText {
  readonly text: string;
  /** False: no trusted key has that id, so nothing was verified. */
  readonly isTrusted: boolean;
  readonly keyId: string;
}

async function readSigned(file: string, { trustedKeys, now }: SignatureRules): Promise<SignedText> {
  if ((await stat(file)).size > maxManifestBytes) throw new ManifestError("too large");
  const armored = (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  // A large module: only a server with signed plugins pays for it.
  const { readCleartextMessage, readKeys, verify } = await import("openpgp");
  const message = await readCleartextMessage({ cleartextMessage: armored }).catch((cause: unknown) => {
    throw new ManifestError("no PGP clear-signed text", { cause });
  });
  const ids = message.getSigningKeyIDs();
  const keyId = ids[0]?.toHex() ?? "(none)";
  const keys = (await Promise.all(trustedKeys.map((armoredKeys) => readKeys({ armoredKeys })))).flat().map((key) => key.toPublic());
  const known = keys.filter((key) => ids.some((id) => key.getKeyIDs().some((it) => it.equals(id))));
  if (known.length === 0) return { text: message.getText(), isTrusted: false, keyId };
  const { signatures, data } = await verify({ message, verificationKeys: known, date: new Date(now().getTime() + clockSkewMs) });
  const verified = await Promise.allSettled(signatures.map((it) => it.verified));
  const [failed] = verified.filter((it) => it.status === "rejected");
  // Each one: a second, false signature is not to be carried along.
  if (failed !== undefined || verified.length === 0) throw new ManifestError(`the signature of key ${keyId} is false`, { cause: failed?.reason });
  return { text: data, isTrusted: true, keyId };
}

/** What differs from the manifest; undefined when nothing does. */
async function changeIn(folder: string, manifest: PluginManifest): Promise<string | undefined> {
  const json = parsePluginJson(readPluginJson(folder));
  if (manifest.plugin !== json.id) return `the manifest is that of plugin ${JSON.stringify(manifest.plugin)}`;
  if (manifest.version !== json.version) return `the manifest is that of version ${JSON.stringify(manifest.version)}`;
  const files = (await pluginFiles(folder)).filter((path) => path !== manifestName);
  const unlisted = files.find((path) => !manifest.files.has(path));
  if (unlisted !== undefined) return `${unlisted} is not in the manifest`;
  const there = new Set(files);
  for (const [path, hash] of manifest.files) {
    if (!there.has(path)) return `${path} of the manifest is missing`;
    if ((await sha256Of(join(folder, path))) !== hash) return `${path} is not the file that was signed`;
  }
  return undefined;
}

/** What runs must be among what was signed. */
function foreignExecutable(plugin: FoundPlugin, folder: string): string | undefined {
  if (!plugin.json.backend || plugin.json.executable === undefined) return undefined;
  return isWithin(folder, executableFile(plugin)) ? undefined : "the executable lies outside the folder that was signed";
}
