import { type JsonObject, PluginError } from "@dataplane/plugin-sdk";
import { objectIn, objectsIn, textIn, textsIn } from "../../json.js";
import { convertDashboard } from "./convert-dashboard.js";

/** As it is stored: the title trimmed, each tag once and in order, a refresh of 1m unless told. In the version it came in. */
export function completeDashboard(dashboard: JsonObject): JsonObject {
  const beta = convertDashboard(dashboard, "v1beta1");
  const spec = objectIn(beta, "spec");
  const title = textIn(spec, "title").trim();
  const tags = [...new Set(textsIn(spec, "tags"))].sort();
  const timeSettings = { refresh: "1m", ...objectIn(spec, "timeSettings") };
  const complete = { ...beta, spec: { ...spec, title, tags, timeSettings } };
  return convertDashboard(complete, textIn(dashboard, "apiVersion").split("/")[1] ?? "");
}

/** What no schema says: a title, each panel's id once, data sources by a uid. Throws PluginError with status 422. */
export function validateDashboard(dashboard: JsonObject): void {
  const spec = objectIn(convertDashboard(dashboard, "v1beta1"), "spec");
  if (textIn(spec, "title") === "") throw invalid("spec.title: must not be empty");
  const ids = new Set<unknown>();
  for (const { id, datasource } of objectsIn(objectIn(spec, "layout"), "panels")) {
    if (ids.has(id)) throw invalid(`panel ${String(id)} is there twice`);
    ids.add(id);
    if (datasource === undefined) continue;
    const uid = textIn(objectIn({ datasource }, "datasource"), "uid");
    if (!/^[\w-]{1,40}$/.test(uid)) throw invalid(`panel ${String(id)}: ${JSON.stringify(uid)} is no uid of a data source`);
  }
}

const invalid = (message: string): PluginError => new PluginError(message, { status: 422, source: "downstream" });
