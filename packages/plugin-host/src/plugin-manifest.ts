import { isJsonObject, type JsonValue } from "@dataplane/meta";

const signatureTypes = ["grafana", "commercial", "community", "private", "private-glob"] as const;
export type SignatureType = (typeof signatureTypes)[number];

/** What a MANIFEST.txt says once its PGP clear signature is taken off (https://grafana.com/developers/plugin-tools/publish-a-plugin/sign-a-plugin). */
export interface PluginManifest {
  readonly manifestVersion: string;
  readonly signatureType: SignatureType;
  readonly signedByOrg: string;
  readonly signedByOrgName: string;
  /** Of the servers that may load a private plugin. */
  readonly rootUrls: readonly string[];
  readonly plugin: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly keyId: string;
  /** SHA-256 in hex of each file, by its path below the plugin's folder, with slashes. */
  readonly files: ReadonlyMap<string, string>;
}

/** A manifest that cannot be used; the message says why. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
}

/** The one major version there is with files. */
export const manifestVersion = "2.0.0";

/** Reads the signed text of a manifest. Throws ManifestError. */
export function parseManifest(text: string): PluginManifest {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new ManifestError("what it signs is not JSON", { cause });
  }
  if (!isJsonObject(raw)) throw new ManifestError("what it signs is no JSON object");
  const version = textOf(raw["manifestVersion"]);
  if (!version.startsWith("2.")) throw new ManifestError(`manifestVersion ${JSON.stringify(version)} is not known, only 2`);
  const signatureType = signatureTypes.find((it) => it === raw["signatureType"]);
  if (signatureType === undefined) throw new ManifestError(`signatureType must be one of ${signatureTypes.join(", ")}`);
  const rootUrls = Array.isArray(raw["rootUrls"]) ? raw["rootUrls"].filter((it) => typeof it === "string") : [];
  return {
    manifestVersion: version,
    signatureType,
    signedByOrg: textOf(raw["signedByOrg"]),
    signedByOrgName: textOf(raw["signedByOrgName"]),
    rootUrls,
    plugin: textOf(raw["plugin"]),
    version: textOf(raw["version"]),
    time: typeof raw["time"] === "number" ? raw["time"] : 0,
    keyId: textOf(raw["keyId"]),
    files: filesOf(raw["files"]),
  };
}

function filesOf(value: JsonValue | undefined): ReadonlyMap<string, string> {
  if (!isJsonObject(value)) throw new ManifestError("files must be an object of paths and hashes");
  const files = new Map<string, string>();
  for (const [path, hash] of Object.entries(value)) {
    if (path === "" || path.startsWith("/") || path.split(/[\\/]/).includes(".."))
      throw new ManifestError(`${JSON.stringify(path)} is no path below the folder`);
    if (typeof hash !== "string" || !/^[0-9a-f]{64}$/i.test(hash)) throw new ManifestError(`the hash of ${JSON.stringify(path)} is no SHA-256`);
    files.set(path, hash.toLowerCase());
  }
  return files;
}

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** Whether a private plugin may load on the server of that root URL. Patterns: `*` for any run of characters but slashes. */
export function mayLoadAt(manifest: Pick<PluginManifest, "signatureType" | "rootUrls">, rootUrl: string): boolean {
  const { signatureType, rootUrls } = manifest;
  if (signatureType === "private") return rootUrls.some((it) => plain(it) === plain(rootUrl));
  if (signatureType === "private-glob") return rootUrls.some((it) => matches(plain(it), plain(rootUrl)));
  return true;
}

const plain = (url: string): string => url.replace(/\/$/, "").toLowerCase();

/** Glob match, piece by piece: no regular expression is made of foreign text. */
function matches(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (!text.startsWith(first)) return false;
  if (rest.length === 0) return text === first;
  let at = first.length;
  for (const [index, piece] of rest.entries()) {
    const found = index === rest.length - 1 ? text.length - piece.length : text.indexOf(piece, at);
    if (found < at || !text.startsWith(piece, found) || text.slice(at, found).includes("/")) return false;
    at = found + piece.length;
  }
  return true;
}
