import { badRequest, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { VerbCall } from "./verb-call.js";

/**
 * The object as the path says it is: apiVersion, kind, namespace and (for a write to a name) the name are filled in where the body
 * leaves them out. Throws BadRequest where body and path differ.
 */
export function withIdentity({ resource, info }: VerbCall, body: JsonObject): JsonObject {
  const { definition, apiVersion } = resource;
  const metadata = body["metadata"] ?? {};
  if (!isJsonObject(metadata)) throw badRequest("metadata must be an object");
  same(body["kind"], definition.kind, (found) => `the kind in the data (${found}) does not match the expected kind (${definition.kind})`);
  same(body["apiVersion"], apiVersion, (found) => `the API version in the data (${found}) does not match the expected API version (${apiVersion})`);
  const namespace = definition.scope === "namespaced" ? info.namespace : "";
  const { namespace: sent, ...named } = metadata;
  // What has no namespace is not asked for one.
  if (definition.scope === "namespaced")
    same(sent, namespace, () => "the namespace of the provided object does not match the namespace sent on the request");
  if (info.name !== "") {
    same(metadata["name"], info.name, (found) => `the name of the object (${found}) does not match the name on the URL (${info.name})`);
  }
  return {
    ...body,
    apiVersion,
    kind: definition.kind,
    metadata: {
      ...named,
      ...(info.name === "" ? {} : { name: info.name }),
      ...(namespace === "" ? {} : { namespace }),
    },
  };
}

function same(found: unknown, expected: string, message: (found: string) => string): void {
  if (found === undefined || found === null || found === "" || found === expected) return;
  throw badRequest(message(typeof found === "string" ? found : JSON.stringify(found)));
}
