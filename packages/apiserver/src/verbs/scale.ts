import { ApiError, type ApiObject, badRequest, type HttpResponse, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { ComputedSubresource, ScalePaths } from "../resource.js";
import { invalidValue } from "../schema/field-errors.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { jsonOf } from "../table.js";
import { answerValue } from "./answer.js";
import { serveComputed } from "./computed.js";
import { found } from "./get.js";
import { apiObjectOf, type VerbCall } from "./verb-call.js";

const replicas = (description: string): StructuralSchema => ({ type: "integer", format: "int32", description });

/** Spec and status of `autoscaling/v1` Scale. */
export const scaleSchema: StructuralSchema = {
  type: "object",
  description: "How many replicas an object wants and has, whatever its kind.",
  properties: {
    spec: { type: "object", description: "What is wanted.", properties: { replicas: replicas("The wanted number.") } },
    status: {
      type: "object",
      description: "What is there.",
      properties: {
        replicas: replicas("The actual number."),
        selector: { type: "string", description: "Selects the replicas, as the query parameter labelSelector does." },
      },
    },
  },
};

export const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale" } as const;

/** `…/<name>/scale` of a kind with these paths. Autoscalers and `kubectl scale` read and write it without knowing the kind. */
export async function serveScale(call: VerbCall, paths: ScalePaths): Promise<HttpResponse> {
  if (call.info.verb !== "get") return serveComputed(call, scaleSubresource(paths));
  const { object } = (await found(call)).shownBy(call.resource);
  if (numberAt(object, paths.specReplicasPath) === undefined) {
    const why = `the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`;
    throw new ApiError("InternalError", `Internal error occurred: ${why}`, { details: { causes: [{ reason: "", message: why, field: "" }] } });
  }
  return answerValue(call, scaleOf(object, paths));
}

const scaleSubresource = (paths: ScalePaths): ComputedSubresource<ApiObject> => ({
  ...scaleKind,
  name: "scale",
  internal: false,
  schema: scaleSchema,
  // Of an object without a number the view has none: a patch may give it one.
  get: ({ object }) => scaleOf(object, paths),
  update: ({ object, body, request }) => {
    if (request === "patch" && numberAt(object, paths.specReplicasPath) === undefined) requireReplicas(body, paths);
    return withReplicas(object, paths, wantedReplicas(body));
  },
  validate: ({ spec }) => {
    const wanted = isJsonObject(spec) ? spec["replicas"] : undefined;
    if (typeof wanted !== "number" || wanted >= 0) return [];
    return [invalidValue("spec.replicas", wanted, "must be greater than or equal to 0")];
  },
});

function scaleOf(object: ApiObject, { specReplicasPath, statusReplicasPath, labelSelectorPath }: ScalePaths): ApiObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const wanted = numberAt(object, specReplicasPath);
  const selector = labelSelectorPath === undefined ? undefined : valueAt(object, labelSelectorPath);
  return apiObjectOf({
    kind: scaleKind.kind,
    apiVersion: `${scaleKind.group}/${scaleKind.version}`,
    metadata: jsonOf(withoutAbsent({ name, namespace, uid, resourceVersion, creationTimestamp })),
    // A Go program leaves a zero out.
    spec: wanted === undefined || wanted === 0 ? {} : { replicas: wanted },
    status: {
      replicas: numberAt(object, statusReplicasPath) ?? 0,
      ...(typeof selector === "string" && selector !== "" ? { selector } : {}),
    },
  });
}

/** A patch of an object without a number gives it one. */
function requireReplicas({ spec }: ApiObject, { specReplicasPath }: ScalePaths): void {
  if (isJsonObject(spec) && typeof spec["replicas"] === "number") return;
  throw badRequest(`the spec replicas field ${JSON.stringify(specReplicasPath)} cannot be empty`);
}

/** An absent number is none, as a Go program reads and writes it. */
function wantedReplicas({ spec }: ApiObject): number {
  const wanted = isJsonObject(spec) ? spec["replicas"] : undefined;
  return typeof wanted === "number" ? wanted : 0;
}

const withReplicas = (object: ApiObject, { specReplicasPath }: ScalePaths, wanted: number): ApiObject =>
  apiObjectOf(withValueAt(jsonOf(object), keysOf(specReplicasPath), wanted));

function withValueAt(object: JsonObject, [key = "", ...rest]: readonly string[], value: JsonValue): JsonObject {
  if (rest.length === 0) return { ...object, [key]: value };
  const inner = object[key];
  return { ...object, [key]: withValueAt(isJsonObject(inner) ? inner : {}, rest, value) };
}

function valueAt(object: ApiObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = jsonOf(object);
  for (const key of keysOf(path)) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

function numberAt(object: ApiObject, path: string): number | undefined {
  const value = valueAt(object, path);
  return typeof value === "number" ? value : undefined;
}

const keysOf = (path: string): readonly string[] => path.replace(/^\./, "").split(".");

const withoutAbsent = (object: object): object => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
