import type { ServedGroupVersion } from "@dataplane/apiserver";
import { basePathOf } from "@dataplane/meta";
import { runPaths, runResource } from "../named-queries/named-query-api.js";
import { errorSchemas, withErrors } from "../service-types/error-openapi.js";
import { queryOperation, querySchemas } from "../service-types/query-openapi.js";
import { queryServiceGroupVersion } from "./query-service.js";

/** The query service in discovery and OpenAPI. */
export const queryServiceApi: ServedGroupVersion = {
  ...queryServiceGroupVersion,
  resources: [{ name: "query", singularName: "", kind: "QueryDataResponse", namespaced: true, verbs: ["create"] }, runResource],
  openapi: {
    paths: {
      [`${basePathOf(queryServiceGroupVersion)}/namespaces/{namespace}/query`]: {
        post: withErrors(
          queryOperation({
            description: "Query several data sources; each query names its own.",
            operationId: "createQueryQueryGrafanaAppV0alpha1",
          }),
        ),
        parameters: [{ name: "namespace", in: "path", required: true, schema: { type: "string" } }],
      },
      ...runPaths,
    },
    schemas: { ...errorSchemas, ...querySchemas },
  },
  freshness: "Current",
};
