import { type ApiObject, isJsonObject } from "@dataplane/meta";
import { specOf, textOf } from "./data-source-spec.js";
import type { HiddenParts } from "./hidden.js";
import type { Sealer } from "./sealer.js";
import { openSecureValues } from "./secure-values.js";

/** What the data plane needs for a call, secrets opened. Throws ServiceUnavailable when a secret does not open. */
export function pluginContext(
  object: ApiObject,
  { secrets, lastUpdated }: HiddenParts,
  { pluginId, sealer }: { readonly pluginId: string; readonly sealer: Sealer },
): ApiObject {
  const spec = specOf(object);
  return {
    apiVersion: object.apiVersion,
    kind: "PluginContext",
    metadata: object.metadata,
    instance: {
      uid: object.metadata.name,
      name: textOf(spec["title"]) || object.metadata.name,
      type: pluginId,
      url: textOf(spec["url"]),
      user: textOf(spec["user"]),
      database: textOf(spec["database"]),
      basicAuthEnabled: spec["basicAuth"] === true,
      basicAuthUser: textOf(spec["basicAuthUser"]),
      jsonData: isJsonObject(spec["jsonData"]) ? spec["jsonData"] : {},
      decryptedSecureJsonData: openSecureValues(object, secrets, sealer),
      lastUpdatedMs: lastUpdated,
    },
  };
}
