import { isJsonObject, type JsonObject } from "@dataplane/meta";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import type { GeneratedFile } from "./generated-file.js";

/** A kind of the typed clients: the document that describes it, and the name of its schema there. */
interface TypedKind {
  readonly kind: string;
  readonly document: string;
  readonly schema: string;
}

const kinds: readonly TypedKind[] = [
  {
    kind: "DataPlaneService",
    document: "api/openapi-v3/apis__aggregation.grafana.app__v0alpha1.json",
    schema: "app.grafana.aggregation.v0alpha1.DataPlaneService",
  },
  {
    kind: "DataSource",
    // The shape is the same in each plugin's group.
    document: "api/openapi-v3/apis__testdata.datasource.grafana.app__v0alpha1.json",
    schema: "app.grafana.datasource.testdata.v0alpha1.DataSource",
  },
];

/** `packages/clientset/src/gen/types.ts`: spec, status and the like of each kind as the OpenAPI documents of `api/` describe them. */
export async function clientsetTypes(documents: readonly GeneratedFile[]): Promise<GeneratedFile> {
  const fields = Object.fromEntries(kinds.map((kind) => [kind.kind, fieldsOf(kind, documents)]));
  const document = { openapi: "3.0.0", info: { title: "Kinds", version: "1" }, paths: {}, components: { schemas: fields } };
  const ast = await openapiTS(JSON.stringify(document), { immutable: true, exportType: true, transform: freeForm });
  const text = astToString(ast);
  const begin = text.indexOf("export type components");
  const end = text.indexOf("export type $defs");
  const head = [
    "/* eslint-disable -- made by `npm run generate` from the OpenAPI documents in api/; do not edit. */",
    'import type { JsonObject } from "@dataplane/meta";',
    "",
  ].join("\n");
  return { path: "packages/clientset/src/gen/types.ts", text: `${head}\n${text.slice(begin, end).trim()}\n` };
}

/** What others define is any JSON object. */
const freeForm = (schema: object): ts.TypeNode | undefined =>
  "x-kubernetes-preserve-unknown-fields" in schema ? ts.factory.createTypeReferenceNode("JsonObject") : undefined;

/** Without apiVersion, kind and metadata, which every object has. */
function fieldsOf({ kind, document, schema }: TypedKind, documents: readonly GeneratedFile[]): JsonObject {
  const text = documents.find(({ path }) => path === document)?.text ?? "{}";
  const parsed: unknown = JSON.parse(text);
  const found = ["components", "schemas", schema].reduce<unknown>((at, key) => (isJsonObject(at) ? at[key] : undefined), parsed);
  if (!isJsonObject(found) || !isJsonObject(found["properties"])) throw new Error(`${document} has no schema ${schema} for ${kind}`);
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...properties } = found["properties"];
  const required = Array.isArray(found["required"]) ? found["required"].filter((name) => name in properties) : [];
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}
