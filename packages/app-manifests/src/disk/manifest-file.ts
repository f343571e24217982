import { readFileSync, realpathSync, statSync } from "node:fs";
import { relative, sep } from "node:path";
import { duplicateKey, exceedsDepth, yamlTokens } from "@dataplane/apiserver";
import { type ApiObject, isJsonObject, type JsonObject } from "@dataplane/meta";
import * as yaml from "yaml";
import { Composer, LineCounter, type ParsedNode } from "yaml";

/** A file that is no manifest that could be used; the message says why. */
export class ManifestFileError extends Error {
  override readonly name = "ManifestFileError";
}

/** Real ones have some 100 KB; what is larger is another file. */
const maxBytes = 4 * 1024 * 1024;
const maxDepth = 100;

const apiVersions = new Set(["apps.grafana.app/v1alpha1", "apps.grafana.app/v1alpha2"]);

/**
 * The AppManifest in a file, JSON or YAML, below `directory`. Undefined for a file that is sound and something else. Throws
 * ManifestFileError.
 */
export function readManifestFile(directory: string, file: string): ApiObject | undefined {
  const value = parsed(textOf(directory, file));
  if (value?.["kind"] !== "AppManifest") return undefined;
  const { apiVersion, metadata, spec } = value;
  if (typeof apiVersion !== "string" || !apiVersions.has(apiVersion)) {
    throw new ManifestFileError(`apiVersion ${JSON.stringify(apiVersion ?? null)} is none of ${[...apiVersions].join(", ")}`);
  }
  if (!isJsonObject(spec)) throw new ManifestFileError("it has no spec");
  const name = isJsonObject(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : spec["appName"];
  if (typeof name !== "string" || name === "") throw new ManifestFileError("it has no metadata.name");
  return { apiVersion, kind: "AppManifest", metadata: { name, ...notesOf(metadata) }, spec };
}

/** Labels and annotations are the author's to give; all else in metadata is the server's. */
function notesOf(metadata: unknown): Pick<ApiObject["metadata"], "labels" | "annotations"> {
  if (!isJsonObject(metadata)) return {};
  const { labels, annotations } = metadata;
  return { ...(isTexts(labels) ? { labels } : {}), ...(isTexts(annotations) ? { annotations } : {}) };
}

const isTexts = (value: unknown): value is Readonly<Record<string, string>> & JsonObject =>
  isJsonObject(value) && Object.values(value).every((it) => typeof it === "string");

function textOf(directory: string, file: string): string {
  const status = statSync(file);
  if (!status.isFile()) throw new ManifestFileError("it is no file");
  const way = relative(realpathSync(directory), realpathSync(file));
  if (way === "" || way === ".." || way.startsWith(`..${sep}`)) throw new ManifestFileError("it is a link to a file outside the plugin's folder");
  if (status.size > maxBytes) throw new ManifestFileError(`it has ${status.size} bytes, of ${maxBytes} allowed`);
  const text = readFileSync(file, "utf8");
  if (text.includes("�")) throw new ManifestFileError("it is not UTF-8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** JSON is YAML too; keys are there once, and aliases stay few. */
function parsed(text: string): JsonObject | undefined {
  if (text.trim() === "") throw new ManifestFileError("it is empty");
  const lineCounter = new LineCounter();
  const tokens = yamlTokens(yaml, text, {
    lineCounter,
    tooDeep: () => new ManifestFileError(`it is nested deeper than ${maxDepth}`),
    tooMany: () => new ManifestFileError("it has too many parts"),
  });
  const [document, second] = new Composer<ParsedNode>({ uniqueKeys: false, logLevel: "error", lineCounter }).compose(tokens, true, text.length);
  if (document === undefined) throw new ManifestFileError("it is empty");
  if (second !== undefined) throw new ManifestFileError("it has multiple documents");
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw new ManifestFileError(problem.message.replace(/\s+/g, " "));
  const twice = duplicateKey(yaml, document);
  if (twice !== undefined) throw new ManifestFileError(`map keys must be unique at line ${lineCounter.linePos(twice).line}`);
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (!isJsonObject(value)) return undefined;
    if (exceedsDepth(value, maxDepth)) throw new ManifestFileError(`it is nested deeper than ${maxDepth}`);
    return value;
  } catch (thrown) {
    if (thrown instanceof ManifestFileError) throw thrown;
    throw new ManifestFileError(thrown instanceof Error ? thrown.message.replace(/\s+/g, " ") : String(thrown));
  }
}
