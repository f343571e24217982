import type { JsonObject } from "@dataplane/meta";

/** An answer of OpenAPI v3 whose body is JSON of that schema. */
export const jsonAnswer = (description: string, schema: JsonObject): JsonObject => ({
  description,
  content: { "application/json": { schema } },
});
