import { readFileSync, statSync } from "node:fs";
import { isJsonObject, type JsonValue } from "@dataplane/meta";
import { ProvisioningError } from "./provisioning-error.js";

/**
 * The value with the variables in its texts expanded, keys left alone: `$VAR`, `${VAR}`, `${VAR:-default}`, `$__env{VAR}`,
 * `$__file{path}`, and `$$` for a dollar. Once: what a variable holds is not expanded again. Throws ProvisioningError.
 */
export function expandVariables(value: JsonValue, env: NodeJS.ProcessEnv): JsonValue {
  if (typeof value === "string") return value.replace(variable, (match) => expanded(match, env));
  if (Array.isArray(value)) return value.map((it: JsonValue) => expandVariables(it, env));
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, expandVariables(it, env)]));
  return value;
}

const variable = /\$\$|\$__(?:env|file)\{[^}]*\}|\$\{[^}]*\}|\$[A-Za-z_]\w*/g;

function expanded(match: string, env: NodeJS.ProcessEnv): string {
  if (match === "$$") return "$";
  if (!match.endsWith("}")) return env[match.slice(1)] ?? "";
  const inside = match.slice(match.indexOf("{") + 1, -1);
  if (match.startsWith("$__file{")) return contentOf(inside);
  if (match.startsWith("$__env{")) return env[inside] ?? "";
  const [name = "", ...fallback] = inside.split(":-");
  const found = env[name] ?? "";
  return found === "" ? fallback.join(":-") : found;
}

const fileLimitBytes = 1024 * 1024;

function contentOf(file: string): string {
  try {
    const found = statSync(file);
    // A pipe or a device may never end.
    if (!found.isFile() || found.size > fileLimitBytes) throw new Error("no regular file, or too large");
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new ProvisioningError(`$__file{${file}}: the file cannot be read`, { cause: error });
  }
}
