import { type ApiObject, type Cause, isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue } from "@dataplane/meta";
import type { ResourceDefinition } from "../resource.js";
import { invalidValue } from "../schema/field-errors.js";

/** All annotations of an object together, as kube-apiserver limits them. */
const annotationsLimitBytes = 256 * 1024;

/** What is wrong with `metadata` beyond its types: names, labels, annotations, finalizers. `live` is what it replaces. */
export function metadataCauses(
  { nameRule = "dnsSubdomain" }: ResourceDefinition,
  { metadata }: ApiObject,
  live: ApiObject | undefined,
): readonly Cause[] {
  return [
    ...lateFinalizerCauses(metadata.finalizers ?? [], live),
    ...nameCauses(nameRule, metadata.name),
    ...labelCauses(metadata.labels ?? {}),
    ...annotationCauses(metadata.annotations ?? {}),
    ...(metadata.finalizers ?? [])
      .filter((it) => !isLabelKey(it))
      .map((it, index) => invalidValue(`metadata.finalizers[${index}]`, it, "name part must consist of alphanumeric characters, '-', '_' or '.'")),
  ];
}

/** What is being deleted takes no new holds. */
function lateFinalizerCauses(finalizers: readonly string[], live: ApiObject | undefined): readonly Cause[] {
  if (live?.metadata.deletionTimestamp === undefined) return [];
  const known = new Set(live.metadata.finalizers);
  const added = finalizers.filter((it) => !known.has(it));
  if (added.length === 0) return [];
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  return [{ reason: "FieldValueForbidden", message, field: "metadata.finalizers" }];
}

const rules = {
  dnsLabel: {
    holds: isDnsLabel,
    text: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  },
  dnsSubdomain: {
    holds: isDnsSubdomain,
    text: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  },
  pathSegment: {
    holds: (name: string) => name.length <= 253 && name !== "." && name !== ".." && !/[/%\0]/.test(name),
    text: "may not be '.' or '..', may not contain '/' or '%', and has at most 253 characters",
  },
} as const;

function nameCauses(rule: keyof typeof rules, name: string): readonly Cause[] {
  const { holds, text } = rules[rule];
  return name !== "" && holds(name) ? [] : [invalidValue("metadata.name", name, text)];
}

const labelCauses = (labels: Readonly<Record<string, string>>): readonly Cause[] =>
  Object.entries(labels).flatMap(([key, value]) => [
    ...(isLabelKey(key) ? [] : [invalidValue("metadata.labels", key, "it is not a qualified name")]),
    ...(isLabelValue(value) ? [] : [invalidValue("metadata.labels", value, "it is not a valid label value")]),
  ]);

function annotationCauses(annotations: Readonly<Record<string, string>>): readonly Cause[] {
  const entries = Object.entries(annotations);
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  const tooLong = {
    reason: "FieldValueTooLong",
    message: `Too long: may not be more than ${annotationsLimitBytes} bytes`,
    field: "metadata.annotations",
  };
  return [
    ...entries.filter(([key]) => !isLabelKey(key)).map(([key]) => invalidValue("metadata.annotations", key, "it is not a qualified name")),
    ...(size > annotationsLimitBytes ? [tooLong] : []),
  ];
}
