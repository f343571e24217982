import type { Operation } from "./service-type.js";

const described = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"];
const usual = ["GET", "PUT", "POST", "DELETE", "PATCH"];

// Any media type will do; but generators of clients know no `*/*`, and stumble over a choice that has no types.
const bytes = { schema: { type: "string", format: "binary" } };
const body = { requestBody: { content: { "application/octet-stream": bytes } } };

/** OpenAPI operations of a route that says no more than its path and methods, by method in lower case. */
export const customOperations = (
  path: string,
  methods: readonly string[],
  description = "Answered by the plugin.",
): Readonly<Record<string, Operation>> =>
  Object.fromEntries(
    (methods.includes("*") ? usual : methods.filter((method) => described.includes(method))).map((method) => [
      method.toLowerCase(),
      {
        operationId: operationIdOf(method, path),
        description,
        ...(["PUT", "POST", "PATCH"].includes(method) ? body : {}),
        responses: { default: { description: "Whatever is answered.", content: { "application/octet-stream": bytes } } },
      },
    ]),
  );

/** `getFooById` for `GET /foo/{id}`. */
export const operationIdOf = (method: string, path: string): string =>
  [
    method.toLowerCase(),
    ...path.split("/").flatMap((segment) => {
      if (segment === "*") return ["Path"];
      const words = segment.split(/\W+/).filter((word) => word !== "");
      const camel = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
      return segment.startsWith("{") ? [`By${camel}`] : [camel];
    }),
  ].join("");
