import { type ApiObject, type Cause, isJsonObject, type JsonValue } from "@dataplane/meta";
import type { ScalePaths } from "../resource.js";
import { invalidValue } from "../schema/field-errors.js";
import { jsonOf } from "../table.js";

const most = 2 ** 31 - 1;

/** What is wrong with the numbers and the selector of an object that has a scale, in kube-apiserver's words beside those of its schema. */
export function scaleCauses(
  { specReplicasPath, statusReplicasPath, labelSelectorPath = "" }: ScalePaths,
  object: ApiObject,
  { isStatusWrite }: { readonly isStatusWrite: boolean },
): readonly Cause[] {
  return [
    ...(isStatusWrite ? [] : replicasCauses(object, specReplicasPath)),
    ...replicasCauses(object, statusReplicasPath),
    ...(labelSelectorPath === "" ? [] : typeCauses(object, labelSelectorPath, { wanted: "string", zero: "" })),
  ];
}

function replicasCauses(object: ApiObject, path: string): readonly Cause[] {
  const value = valueAt(object, path);
  if (typeof value !== "number" || !Number.isInteger(value)) return typeCauses(object, path, { wanted: "int64", zero: 0 });
  if (value < 0) return [invalidValue(path, value, "should be a non-negative integer")];
  return value > most ? [invalidValue(path, value, `should be less than or equal to ${most}`)] : [];
}

function typeCauses(object: ApiObject, path: string, { wanted, zero }: { readonly wanted: string; readonly zero: JsonValue }): readonly Cause[] {
  const value = valueAt(object, path);
  if (value === undefined || goType(value) === wanted) return [];
  const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
  return [invalidValue(path, zero, `${path} accessor error: ${shown} is of the type ${goType(value)}, expected ${wanted}`)];
}

/** What Kubernetes calls the type of a value. */
function goType(value: JsonValue): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (value === null) return "<nil>";
  return isJsonObject(value) ? "map[string]interface {}" : "[]interface {}";
}

function valueAt(object: ApiObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = jsonOf(object);
  for (const key of path.replace(/^\./, "").split(".")) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}
