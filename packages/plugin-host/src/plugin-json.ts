import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** A route of `plugin.json` for the data source proxy. Templates are kept as written. */
export interface ProxyRoute {
  readonly path: string;
  readonly method: string;
  readonly url: string;
  readonly raw: JsonObject;
}

/** What the host reads of a plugin's `plugin.json` (https://grafana.com/developers/plugin-tools/reference/plugin-json); the rest is kept in `raw`. */
export interface PluginJson {
  readonly id: string;
  readonly type: PluginType;
  readonly name: string;
  readonly version: string;
  readonly backend: boolean;
  /** Base name, without the platform's suffix. */
  readonly executable: string | undefined;
  readonly streaming: boolean;
  readonly routes: readonly ProxyRoute[];
  readonly raw: JsonObject;
}

const pluginTypes = ["datasource", "app", "panel", "renderer", "other"] as const;
export type PluginType = (typeof pluginTypes)[number];

/** Whether an id has the form that Grafana asks of new plugins; those it began with, such as `prometheus`, have not. */
export const isPluginId = (id: string): boolean => /^[0-9a-z]+-(?:[0-9a-z]+-)?(?:app|panel|datasource|secretsmanager)$/.test(id);

/** A `plugin.json` that cannot be used; the message names the field. */
export class PluginJsonError extends Error {
  override readonly name = "PluginJsonError";
  /** The id, where at least that could be read. */
  readonly pluginId: string | undefined;

  constructor(message: string, pluginId?: string) {
    super(message);
    this.pluginId = pluginId;
  }
}

/** Reads the text of a `plugin.json`. Throws PluginJsonError. */
export function parsePluginJson(text: string): PluginJson {
  const raw = parseObject(text);
  const id = raw["id"];
  // The id becomes a file name, a metric label and part of an API group.
  if (typeof id !== "string" || !/^[A-Za-z0-9][\w.-]{0,127}$/.test(id)) throw new PluginJsonError("id must be letters, digits, '.', '_' and '-'");
  const info = isJsonObject(raw["info"]) ? raw["info"] : {};
  return {
    id,
    type: typeOf(raw["type"], id),
    name: textOr(raw["name"], id),
    version: textOr(info["version"], ""),
    backend: raw["backend"] === true,
    executable: typeof raw["executable"] === "string" && raw["executable"] !== "" ? raw["executable"] : undefined,
    streaming: raw["streaming"] === true,
    routes: routesOf(raw["routes"], id),
    raw,
  };
}

function parseObject(text: string): JsonObject {
  let value: unknown;
  if (text.trim() === "") throw new PluginJsonError("empty");
  try {
    // Some editors write a byte order mark.
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new PluginJsonError(`not JSON: ${cause instanceof Error ? cause.message : "unreadable"}`);
  }
  if (!isJsonObject(value)) throw new PluginJsonError("must be a JSON object");
  return value;
}

function typeOf(value: JsonValue | undefined, id: string): PluginType {
  const type = pluginTypes.find((it) => it === value);
  if (type === undefined) throw new PluginJsonError(`type must be one of ${pluginTypes.join(", ")}`, id);
  return type;
}

function routesOf(value: JsonValue | undefined, id: string): readonly ProxyRoute[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new PluginJsonError("routes must be a list", id);
  return value.map((route, index) => {
    if (!isJsonObject(route)) throw new PluginJsonError(`routes[${index}] must be an object`, id);
    return { path: textOr(route["path"], ""), method: textOr(route["method"], ""), url: textOr(route["url"], ""), raw: route };
  });
}

const textOr = (value: JsonValue | undefined, fallback: string): string => (typeof value === "string" ? value : fallback);
