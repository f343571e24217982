/** What a client is to send for one operation of a served OpenAPI document. */
export interface OperationCall {
  readonly operationId: string;
  /** Upper case. */
  readonly method: string;
  /** With its parameters as `{name}`. */
  readonly route: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: { readonly contentType: string; readonly value: unknown };
  /** The answer's form; `stream` is one without an end. */
  readonly answer: "json" | "text" | "bytes" | "stream";
}

/** What the operations of one group are called with. */
export interface Values {
  /** Of path parameters, by name; by the operation's id first. */
  readonly path: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Of operations with JSON bodies, by the beginning of their id. */
  readonly bodies: Readonly<Record<string, unknown>>;
}

interface Content {
  readonly content?: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly operationId?: string;
  readonly requestBody?: Content;
  /** Absent in what stands beside the operations of a path, such as its parameters. */
  readonly responses?: Readonly<Record<string, Content>>;
  readonly "x-kubernetes-action"?: string;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const methods = ["get", "put", "post", "delete", "patch"] as const;

/** Objects are made before they are read, and deleted last. */
const order = ["post", "list", "get", "patch", "put", undefined, "delete", "deletecollection"];

/** Every operation of the document, with values; in an order in which each one can work. Throws for one without an id or a body. */
export function callsOf(document: OpenApi, values: Values): readonly OperationCall[] {
  const all = Object.entries(document.paths).flatMap(([route, item]) =>
    methods.flatMap((method) => (item[method] === undefined ? [] : [{ route, method, operation: item[method] }])),
  );
  return all
    .toSorted((a, b) => order.indexOf(a.operation["x-kubernetes-action"]) - order.indexOf(b.operation["x-kubernetes-action"]))
    .map(({ route, method, operation }) => callOf(route, method, operation, values));
}

function callOf(route: string, method: string, operation: Operation, values: Values): OperationCall {
  const { operationId } = operation;
  if (operationId === undefined) throw new Error(`${method} ${route} has no operationId`);
  const names = [...route.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const body = bodyOf(operationId, operation, values);
  return {
    ...{ operationId, method: method.toUpperCase(), route },
    path: Object.fromEntries(names.map((name) => [name, values.path[name] ?? missing(`${route} needs a value for ${name}`)])),
    query: values.query?.[Object.keys(values.query).find((start) => operationId.startsWith(start)) ?? ""] ?? {},
    ...(body === undefined ? {} : { body }),
    answer: answerOf(operation),
  };
}

function bodyOf(operationId: string, { requestBody }: Operation, { bodies }: Values): OperationCall["body"] {
  const types = Object.keys(requestBody?.content ?? {});
  if (types.length === 0) return undefined;
  if (types.includes("application/octet-stream")) return { contentType: "application/octet-stream", value: "some bytes" };
  const start = Object.keys(bodies).find((it) => operationId.startsWith(it));
  // What a deletion takes may be left out.
  if (start === undefined) return operationId.startsWith("delete") ? undefined : missing(`${operationId} needs a body`);
  const contentType =
    ["application/merge-patch+json", "application/json"].find((type) => types.includes(type)) ?? missing(`${operationId}: ${types}`);
  return { contentType, value: bodies[start] };
}

function answerOf({ responses = {} }: Operation): OperationCall["answer"] {
  const successes = Object.keys(responses).filter((status) => status.startsWith("2"));
  const types = (successes.length === 0 ? ["default"] : successes).flatMap((status) => Object.keys(responses[status]?.content ?? {}));
  if (types.includes("text/event-stream")) return "stream";
  if (types.includes("application/json")) return "json";
  return types.includes("application/octet-stream") ? "bytes" : "text";
}

function missing(what: string): never {
  throw new Error(what);
}

/** A TypeScript program that makes the calls through the types of the document, `./schema.js`. Prints `operationId status` for each. */
export const typeScriptProgram = (calls: readonly OperationCall[]): string =>
  [
    'import createClient from "openapi-fetch";',
    'import type { paths } from "./schema.js";',
    'const [url = "", authorization = ""] = process.argv.slice(2);',
    "const client = createClient<paths>({ baseUrl: url, headers: { authorization } });",
    "const show = (id: string, response: Response): void => console.log(id, response.status);",
    ...calls.map(typeScriptCall),
  ].join("\n");

const parseAs = { json: "json", text: "text", bytes: "arrayBuffer", stream: "stream" } as const;

function typeScriptCall({ operationId, method, route, path, query, body, answer }: OperationCall): string {
  const parameters = { ...(Object.keys(path).length === 0 ? {} : { path }), ...(Object.keys(query).length === 0 ? {} : { query }) };
  const options = [
    ...(Object.keys(parameters).length === 0 ? [] : [`params: ${JSON.stringify(parameters)}`]),
    `parseAs: "${parseAs[answer]}"`,
    ...(body === undefined ? [] : [`body: ${JSON.stringify(body.value)}`, `headers: { "content-type": ${JSON.stringify(body.contentType)} }`]),
    ...(body?.contentType === "application/octet-stream" ? ["bodySerializer: (bytes) => String(bytes)"] : []),
  ];
  const call = `client.${method}(${JSON.stringify(route)}, { ${options.join(", ")} })`;
  const leave = answer === "stream" ? "await answer.response.body?.cancel().catch(() => undefined);" : "";
  return `{ const answer = await ${call}; show(${JSON.stringify(operationId)}, answer.response); ${leave} }`;
}
