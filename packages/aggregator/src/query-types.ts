import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { Plugin, PluginJson } from "@dataplane/plugin-host";

/** One kind of query that a plugin knows, as its authors described it. */
export interface QueryType {
  readonly name: string;
  readonly description: string;
  /** A query is of this type when its fields have these values; `queryType` most often. */
  readonly discriminators: readonly { readonly field: string; readonly value: string }[];
  /** JSON Schema of the query's own fields. */
  readonly schema: JsonObject;
}

/** Beside plugin.json, where the SDK's schema builder writes it: a list of QueryTypeDefinition of `datasource.grafana.app`. */
const fileName = "query.types.json";
const maxBytes = 1 << 20;

// A plugin's plugin.json is parsed anew when the plugin is, and these with it.
const known = new WeakMap<PluginJson, readonly QueryType[]>();

/** None where the plugin describes none, or not in that form. */
export function queryTypesOf(plugin: Pick<Plugin, "json" | "directory">): readonly QueryType[] {
  const read = known.get(plugin.json) ?? readQueryTypes(plugin.directory);
  known.set(plugin.json, read);
  return read;
}

function readQueryTypes(directory: string): readonly QueryType[] {
  const file = path.join(directory, fileName);
  try {
    const status = statSync(file);
    return status.isFile() && status.size <= maxBytes ? parseQueryTypes(readFileSync(file, "utf8")) : [];
  } catch {
    // Most plugins have none; what is no JSON describes nothing.
    return [];
  }
}

function parseQueryTypes(text: string): readonly QueryType[] {
  const list: unknown = JSON.parse(text);
  return listAt(list, "items").flatMap((item) => {
    const spec = at(item, "spec");
    const schema = at(spec, "schema");
    const name = at(at(item, "metadata"), "name");
    // Names become names of schemas.
    if (!isJsonObject(schema) || typeof name !== "string" || !/^[\w.-]{1,63}$/.test(name)) return [];
    const description = at(spec, "description");
    const discriminators = listAt(spec, "discriminators").flatMap((it) => {
      const [field, value] = [at(it, "field"), at(it, "value")];
      return typeof field === "string" && typeof value === "string" ? [{ field, value }] : [];
    });
    return [{ name, description: typeof description === "string" ? description : "", discriminators, schema }];
  });
}

const at = (value: unknown, key: string): JsonValue | undefined => (isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined);

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
}
