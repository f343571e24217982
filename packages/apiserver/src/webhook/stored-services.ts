import { isJsonObject, unavailable } from "@dataplane/meta";
import { objectsOf, type VerbServices } from "../verbs/verb-call.js";
import type { ServiceResolver } from "./webhook-client.js";

/**
 * The addresses of Services that are stored here. Only those of type ExternalName lead anywhere: there are no pods behind the others.
 */
export const storedServices =
  (services: VerbServices): ServiceResolver =>
  async ({ namespace, name, port = 443 }) => {
    const resource = services.registry.resolve("", "v1", "services");
    const stored = resource === undefined ? undefined : await objectsOf({ resource, services }).get(namespace, name);
    if (stored === undefined) throw unavailable(`service ${JSON.stringify(name)} not found`);
    const { spec } = stored.bare;
    const { type, externalName } = isJsonObject(spec) ? spec : {};
    if (type === "ExternalName" && typeof externalName === "string" && externalName !== "") return { host: externalName, port };
    throw unavailable(`no endpoints available for service ${JSON.stringify(name)}: this server reaches Services of type ExternalName only`);
  };
