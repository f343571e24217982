import { type Handler, type HttpBody, isJsonObject, type JsonObject } from "@dataplane/meta";
import { type GeneratedFile, jsonText } from "./generated-file.js";
import { kindSchemas } from "./kind-schemas.js";

/** `api/`: the OpenAPI documents that the server answers with, and a JSON Schema for each kind in them. */
export async function apiDocuments(handler: Handler): Promise<readonly GeneratedFile[]> {
  const index = await get(handler, "/openapi/v3");
  const names = Object.keys(isJsonObject(index["paths"]) ? index["paths"] : {});
  const documents = await Promise.all(names.map(async (name) => ({ name, document: await get(handler, `/openapi/v3/${name}`) })));
  return [
    { path: "api/openapi-v2.json", text: jsonText(await get(handler, "/openapi/v2")) },
    ...documents.map(({ name, document }) => ({ path: `api/openapi-v3/${name.replaceAll("/", "__")}.json`, text: jsonText(document) })),
    ...documents.flatMap(({ document }) => kindSchemas(document)),
  ];
}

async function get(handler: Handler, path: string): Promise<JsonObject> {
  const { status, body } = await handler({
    method: "GET",
    path,
    query: new URLSearchParams(),
    headers: { accept: "application/json" },
    body: empty(),
    signal: new AbortController().signal,
    remoteAddress: "127.0.0.1",
    context: {
      info: {
        isResourceRequest: false,
        path,
        verb: "get",
        group: "",
        version: "",
        namespace: "",
        resource: "",
        name: "",
        subresource: "",
        segments: [],
      },
    },
  });
  const value: unknown = JSON.parse(await textOf(body ?? ""));
  if (status !== 200 || !isJsonObject(value)) throw new Error(`GET ${path}: ${status}`);
  return value;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a body is read as pieces that come in time; here there are none.
async function* empty(): AsyncGenerator<Uint8Array> {
  yield* [];
}

async function textOf(body: HttpBody): Promise<string> {
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString("utf8");
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}
