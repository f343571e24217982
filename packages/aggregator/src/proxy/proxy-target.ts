import { isJsonObject, type JsonValue } from "@dataplane/meta";
import type { UrlAuthor } from "../outbound/destination-rules.js";
import { OutboundUrlError, parseOutboundUrl } from "../outbound/outbound-url.js";
import type { DataSourceSettings } from "./data-source-settings.js";
import type { DataSourceRoute } from "./proxy-route.js";
import { fillTemplate } from "./template.js";

/** Where a proxied request goes. */
export interface ProxyTarget {
  /** What the rest of the path is appended to. */
  readonly base: URL;
  readonly author: UrlAuthor;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly urlParams: readonly (readonly [string, string])[];
  /** In place of the caller's. */
  readonly body: string | undefined;
}

/** Without a route, or for one that has no URL, the target is the data source's own. Throws OutboundUrlError, or BadRequest for a template. */
export function proxyTarget(settings: DataSourceSettings, route: DataSourceRoute | undefined): ProxyTarget {
  const named = route === undefined ? "" : fillTemplate(route.url, settings);
  if (route !== undefined && route.url !== "" && named === "") throw new OutboundUrlError("there is no URL");
  const base = parseOutboundUrl(named === "" ? settings.URL : named);
  const fill = (name: string, content: string): readonly [string, string] => [name, fillTemplate(content, settings)];
  return {
    base,
    author: authorOf(base, settings),
    headers: route?.headers.map(({ name, content }) => fill(name.toLowerCase(), content)) ?? [],
    urlParams: route?.urlParams.map(({ name, content }) => fill(fillTemplate(name, settings), content)) ?? [],
    body: route?.body === undefined ? undefined : JSON.stringify(filled(route.body, settings)),
  };
}

/** A plugin's route that stays on the host of the data source goes where the administrator said; any other goes where the plugin says. */
export function authorOf(url: URL, { URL: own }: Pick<DataSourceSettings, "URL">): UrlAuthor {
  try {
    return parseOutboundUrl(own).origin === url.origin ? "administrator" : "software";
  } catch {
    return "software";
  }
}

/** Templates in the texts of a body: a value cannot break out of its text. */
function filled(body: JsonValue, settings: DataSourceSettings): JsonValue {
  if (typeof body === "string") return fillTemplate(body, settings);
  if (Array.isArray(body)) return body.map((item: JsonValue) => filled(item, settings));
  if (!isJsonObject(body)) return body;
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, filled(value, settings)]));
}
