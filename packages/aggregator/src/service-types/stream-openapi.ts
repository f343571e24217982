import type { JsonObject } from "@dataplane/meta";
import type { Operation } from "./service-type.js";

const frame: JsonObject = {
  description: "A data frame: the first has schema and data, later ones data alone until the schema changes. Or what JSON the plugin sends.",
  type: "object",
  properties: { schema: { type: "object" }, data: { type: "object" } },
  additionalProperties: true,
};

/** GET: the Accept header chooses the form; a request to upgrade gets a WebSocket. */
export const subscribeOperation = (operationId: string): Operation => ({
  description: "Subscribe to a stream of the plugin. The first message is the plugin's initial data, if it has any.",
  operationId,
  parameters: [
    { name: "data", in: "query", description: "What the subscriber tells the plugin: JSON.", schema: { type: "string" } },
    { name: "lastEventId", in: "query", description: "As the header Last-Event-ID, for those who cannot send it.", schema: { type: "string" } },
    {
      name: "Last-Event-ID",
      in: "header",
      description: "Resume after this event, while the history reaches back so far; an error event says when it does not.",
      schema: { type: "string" },
    },
  ],
  responses: {
    "101": { description: "A WebSocket: each message one JSON text." },
    "200": {
      description: "The stream.",
      content: {
        "text/jsonl": { schema: frame },
        "text/event-stream": { schema: { type: "string", description: "Events frame, schema, error and end; ids for Last-Event-ID." } },
      },
    },
    "403": { description: "The plugin does not permit it." },
    "404": { description: "The plugin has no such stream, or there is no such data source." },
    "501": { description: "The plugin has no streams." },
  },
});

/** POST: the plugin decides what of it the subscribers get. */
export const publishOperation = (operationId: string): Operation => ({
  description: "Publish to a stream of the plugin, which may change the data, or keep it.",
  operationId,
  requestBody: {
    required: true,
    content: { "application/json": { schema: { description: "Any JSON.", "x-kubernetes-preserve-unknown-fields": true } } },
  },
  responses: {
    "200": {
      description: "What was published; without data when the plugin kept it.",
      content: {
        "application/json": {
          schema: { type: "object", properties: { data: { description: "Any JSON.", "x-kubernetes-preserve-unknown-fields": true } } },
        },
      },
    },
    "403": { description: "The plugin does not permit it." },
    "404": { description: "The plugin has no such stream, or there is no such data source." },
    "501": { description: "The plugin has no streams." },
  },
});
