import type { DiscoveredResource } from "@dataplane/apiserver";
import { basePathOf, type JsonObject } from "@dataplane/meta";
import { queryServiceGroupVersion } from "../query-service/query-service.js";
import { withErrors } from "../service-types/error-openapi.js";
import { queryOperation } from "../service-types/query-openapi.js";

/** Runs of named queries in discovery. */
export const runResource: DiscoveredResource = {
  name: "queries/run",
  singularName: "",
  kind: "QueryDataResponse",
  namespaced: true,
  verbs: ["create"],
};

const pathParameter = (name: string): JsonObject => ({ name, in: "path", required: true, schema: { type: "string" } });
const time: JsonObject = { description: "In place of the query's own; as a query has it.", "x-kubernetes-int-or-string": true };

const body: JsonObject = {
  type: "object",
  properties: {
    parameters: { type: "object", description: "Values of the query's parameters, by name.", additionalProperties: true },
    from: time,
    to: time,
  },
};

const operation = withErrors(
  queryOperation({
    description: "Run a named query with values for its parameters.",
    operationId: "runNamedQueryQueryGrafanaAppV0alpha1",
  }),
);

/** The same in OpenAPI. Who runs one reads its parameters in the query's own spec. */
export const runPaths: JsonObject = {
  [`${basePathOf(queryServiceGroupVersion)}/namespaces/{namespace}/queries/{name}/run`]: {
    post: {
      ...operation,
      requestBody: { content: { "application/json": { schema: body } } },
    },
    parameters: [pathParameter("namespace"), pathParameter("name")],
  },
};
