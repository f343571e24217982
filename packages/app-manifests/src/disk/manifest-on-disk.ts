import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ApiObject } from "@dataplane/meta";
import { ManifestFileError, readManifestFile } from "./manifest-file.js";

/** What was found in a plugin's folder. */
export interface ManifestFinding {
  readonly manifest?: ApiObject;
  /** Of the manifest; of the file at fault when there is none. */
  readonly file?: string;
  /** What stands in the way of a file, a line each. */
  readonly problems: readonly string[];
}

const beside = /^(?:app-manifest|[^.].*-manifest)\.(?:json|ya?ml)$/i;

/**
 * The app manifest of a plugin's folder: `app-manifest` or `*-manifest`, as .json, .yaml or .yml, beside plugin.json or below `definitions`;
 * the first that is one. Never throws.
 */
export function manifestOnDisk(directory: string): ManifestFinding {
  const problems: string[] = [];
  const files = candidates(directory);
  for (const [index, file] of files.entries()) {
    const twin = files.slice(0, index).find((it) => it.toLowerCase() === file.toLowerCase());
    if (twin !== undefined) {
      problems.push(`${file}: its name differs only in case from that of ${twin}, which comes first`);
      continue;
    }
    try {
      const manifest = readManifestFile(directory, file);
      if (manifest !== undefined) return { manifest, file, problems };
    } catch (thrown) {
      problems.push(`${file}: ${thrown instanceof ManifestFileError ? thrown.message : wordsOf(thrown)}`);
    }
  }
  return { problems };
}

/** Every place in which a manifest may come to be: what is there is looked at again when one of them changes. */
export const manifestPlaces = (directory: string): readonly string[] => [directory, join(directory, "definitions"), ...candidates(directory)];

function candidates(directory: string): readonly string[] {
  return [directory, join(directory, "definitions")].flatMap((folder) =>
    namesIn(folder)
      .filter((name) => beside.test(name))
      // `app-manifest` says what it is; others by name.
      .sort((a, b) => Number(isOutright(b)) - Number(isOutright(a)) || (a < b ? -1 : 1))
      .map((name) => join(folder, name)),
  );
}

const isOutright = (name: string): boolean => name.toLowerCase().startsWith("app-manifest.");

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const wordsOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
