import type { Operation } from "./service-type.js";

const described = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"];
const usual = ["GET", "PUT", "POST", "DELETE", "PATCH"];

/** OpenAPI operations of a route that says no more than its path and methods, by method in lower case. */
export const customOperations = (path: string, methods: readonly string[]): Readonly<Record<string, Operation>> =>
  Object.fromEntries(
    (methods.includes("*") ? usual : methods.filter((method) => described.includes(method))).map((method) => [
      method.toLowerCase(),
      {
        operationId: operationIdOf(method, path),
        description: "Answered by the plugin.",
        ...(["PUT", "POST", "PATCH"].includes(method)
          ? { requestBody: { content: { "*/*": { schema: { type: "string", format: "binary" } } } } }
          : {}),
        responses: { default: { description: "What the plugin answers.", content: { "*/*": { schema: { type: "string", format: "binary" } } } } },
      },
    ]),
  );

/** `getFooById` for `GET /foo/{id}`. */
export const operationIdOf = (method: string, path: string): string =>
  [
    method.toLowerCase(),
    ...path.split("/").flatMap((segment) => {
      const words = segment.split(/\W+/).filter((word) => word !== "");
      const camel = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
      return segment.startsWith("{") ? [`By${camel}`] : [camel];
    }),
  ].join("");
