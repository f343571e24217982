import type { Cause } from "@dataplane/meta";
import type { DataPlaneServiceEntry, DataPlaneServiceSpec } from "./dataplaneservice.js";
import { backendServiceTypes } from "./http-backend/backend-service-types.js";
import { backendCauses } from "./http-backend/backend-target.js";
import { parsePathPattern } from "./path-pattern.js";

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const isDnsLabel = (label: string): boolean => /^[-a-z0-9]{1,63}$/.test(label) && !label.startsWith("-") && !label.endsWith("-");
const isVersionName = (version: string): boolean => /^v\d+$/.test(version) || /^v\d+(?:alpha|beta)\d+$/.test(version);

/** What the schema of a DataPlaneService cannot say; that types are known and unique, it says itself. */
export function dataPlaneServiceCauses(spec: DataPlaneServiceSpec): readonly Cause[] {
  return [
    ...groupCauses(spec.group),
    ...(spec.version === "" || isVersionName(spec.version)
      ? []
      : [invalidValue("spec.version", spec.version, "must be of the form v1, v1beta1 or v0alpha1")]),
    ...serverCauses(spec),
    ...(/[/\s\\]|\.\./.test(spec.pluginID) ? [invalidValue("spec.pluginID", spec.pluginID, "must be a plugin id, with no slash or space")] : []),
    ...spec.services.flatMap(routeCauses),
  ];
}

/** One of a plugin and a backend, and whole. */
function serverCauses({ pluginID, pluginType, backend, services }: DataPlaneServiceSpec): readonly Cause[] {
  if (backend === undefined) {
    return [
      ...(pluginID === "" ? [required("spec.pluginID", "a plugin, or a backend, must be named")] : []),
      ...(pluginType === "" && pluginID !== "" ? [required("spec.pluginType", "of a plugin its type must be said")] : []),
    ];
  }
  if (pluginID !== "" || pluginType !== "") {
    return [{ reason: "FieldValueForbidden", message: "Forbidden: may not be set together with pluginID and pluginType", field: "spec.backend" }];
  }
  return [...backendCauses(backend), ...services.flatMap(({ type }, index) => backendTypeCauses(type, index))];
}

function backendTypeCauses(type: string, index: number): readonly Cause[] {
  if (backendServiceTypes.some((it) => it === type)) return [];
  const supported = backendServiceTypes.map((it) => `"${it}"`).join(", ");
  const message = `Unsupported value: ${JSON.stringify(type)}: supported values for a backend: ${supported}`;
  return [{ reason: "FieldValueNotSupported", message, field: `spec.services[${index}].type` }];
}

const required = (field: string, why: string): Cause => ({ reason: "FieldValueRequired", message: `Required value: ${why}`, field });

function groupCauses(group: string): readonly Cause[] {
  if (group === "") return [];
  const sound = group.length <= 253 && group.split(".").every(isDnsLabel);
  return sound ? [] : [invalidValue("spec.group", group, "must be a DNS subdomain of lower case letters, digits, '-' and '.'")];
}

function routeCauses({ type, method, path }: DataPlaneServiceEntry, index: number): readonly Cause[] {
  if (type !== "route") return [];
  const field = `spec.services[${index}]`;
  return [...pathCauses(`${field}.path`, path), ...methodCauses(`${field}.method`, method)];
}

function pathCauses(field: string, path: string | undefined): readonly Cause[] {
  if (path === undefined || path === "") return [{ reason: "FieldValueRequired", message: "Required value: a route needs a path", field }];
  // The namespace is a parameter of the whole path: its name is taken.
  const { problem } = parsePathPattern(`namespaces/{namespace}/${path.replace(/^\//, "")}`);
  return problem === undefined ? [] : [invalidValue(field, path, problem)];
}

function methodCauses(field: string, method: string | undefined): readonly Cause[] {
  if (method === undefined || method === "") return [];
  const unknown = method.split(",").filter((it) => !methods.includes(it.trim().toUpperCase()));
  const supported = methods.map((it) => `"${it}"`).join(", ");
  return unknown.map((it) => ({
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${JSON.stringify(it.trim())}: supported values: ${supported}`,
    field,
  }));
}

const invalidValue = (field: string, value: string, why: string): Cause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});
