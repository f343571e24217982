import type { JsonObject } from "@dataplane/meta";
import { answerForms } from "./answer-form.js";
import type { Operation } from "./service-type.js";

const time = { description: "Epoch milliseconds, RFC 3339, or relative: now-1h, now/d.", "x-kubernetes-int-or-string": true };

/** Name of a schema in `components.schemas`: no kind's. */
export const querySchemaName = (name: string): string => `app.grafana.aggregation.query.${name}`;
export const queryRef = (name: string): JsonObject => ({ $ref: `#/components/schemas/${querySchemaName(name)}` });

const frame: JsonObject = { type: "object", properties: { schema: { type: "object" }, data: { type: "object" } } };

/** Schemas of the query's body and answer, by names that are no kind's. */
export const querySchemas: Readonly<Record<string, JsonObject>> = {
  [querySchemaName("QueryDataRequest")]: {
    type: "object",
    required: ["queries"],
    properties: {
      from: { ...time, default: "now-6h" },
      to: { ...time, default: "now" },
      queries: { type: "array", minItems: 1, items: queryRef("DataQuery") },
    },
  },
  [querySchemaName("DataQuery")]: {
    type: "object",
    description: "One query. Keys that are not listed are the plugin's own, and reach it as they were sent.",
    properties: {
      refId: { type: "string", default: "A", description: "Names the result; once in a request." },
      datasource: {
        type: "object",
        description: "If present, the data source of the path.",
        properties: { type: { type: "string" }, uid: { type: "string" }, apiVersion: { type: "string" } },
      },
      queryType: { type: "string" },
      maxDataPoints: { type: "integer", format: "int64", default: 100 },
      intervalMs: { type: "number", default: 1000 },
      hide: { type: "boolean", description: "True: left out." },
      timeRange: { type: "object", properties: { from: time, to: time } },
    },
    additionalProperties: true,
  },
  [querySchemaName("QueryDataResponse")]: {
    type: "object",
    required: ["results"],
    properties: { results: { type: "object", additionalProperties: queryRef("DataResponse") } },
  },
  [querySchemaName("DataResponse")]: {
    type: "object",
    properties: {
      status: { type: "integer" },
      error: { type: "string" },
      errorSource: { type: "string", enum: ["plugin", "downstream"] },
      frames: { type: "array", items: frame },
    },
  },
  [querySchemaName("QueryDataChunk")]: {
    type: "object",
    description: "One line of a chunked answer. The first line of a frame has its schema and rows, later ones rows.",
    required: ["refId"],
    properties: {
      refId: { type: "string" },
      frameId: { type: "string" },
      frame,
      status: { type: "integer" },
      error: { type: "string" },
      errorSource: { type: "string", enum: ["plugin", "downstream"] },
    },
  },
};

const binary: JsonObject = { schema: { type: "string", format: "binary" } };

/** A POST of queries; the Accept header chooses among the forms of the answer. */
export const queryOperation = ({ description, operationId }: { readonly description: string; readonly operationId: string }): Operation => ({
  description,
  operationId,
  parameters: [
    { name: "timeout", in: "query", description: "Less time for the call than the server gives, such as 10s or 1m30s.", schema: { type: "string" } },
  ],
  requestBody: { required: true, content: { "application/json": { schema: queryRef("QueryDataRequest") } } },
  responses: {
    "200": {
      description: "Each result has its own status.",
      content: {
        [answerForms.json]: { schema: queryRef("QueryDataResponse") },
        [answerForms.lines]: { schema: queryRef("QueryDataChunk") },
        [answerForms.arrow]: binary,
        [answerForms.csv]: { schema: { type: "string" } },
        "multipart/mixed": binary,
      },
    },
    "406": { description: "None of the accepted media types can be given." },
  },
});
