import { basePathOf, type GroupVersion, type JsonObject } from "@dataplane/meta";
import type { ApiSource } from "../api-source.js";

/** One OpenAPI v3 document for each group and version. */
export interface GroupVersionDocument extends GroupVersion {
  /** `api/v1` or `apis/<group>/<version>`: the key in the index. */
  readonly key: string;
  readonly document: JsonObject;
}

/** Documents of all that the sources serve; where two share a group and version, one document shows both. */
export function documentsV3(sources: readonly ApiSource[], serverVersion: string): readonly GroupVersionDocument[] {
  const merged = new Map<string, { readonly of: GroupVersion; paths: JsonObject; schemas: JsonObject }>();
  for (const { group, version, openapi } of sources.flatMap((source) => source.served())) {
    const key = basePathOf({ group, version }).slice(1);
    const known = merged.get(key);
    // Whoever is first in the chain describes a path that two sources have.
    merged.set(key, {
      of: { group, version },
      paths: { ...openapi.paths, ...known?.paths },
      schemas: { ...openapi.schemas, ...known?.schemas },
    });
  }
  return [...merged].map(([key, { of, paths, schemas }]) => ({ ...of, key, document: documentOf(serverVersion, paths, schemas) }));
}

const documentOf = (version: string, paths: JsonObject, schemas: JsonObject): JsonObject => ({
  openapi: "3.0.0",
  info: { title: "Data Plane Aggregator", version },
  paths,
  components: {
    schemas,
    securitySchemes: {
      BearerToken: { type: "http", scheme: "bearer", description: "A token of the kubeconfig or of a service account." },
      BasicAuth: { type: "http", scheme: "basic", description: "A user's name and password." },
    },
  },
  security: [{ BearerToken: [] }, { BasicAuth: [] }],
});
