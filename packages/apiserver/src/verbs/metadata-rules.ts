import { type ApiObject, type Cause, dnsLabelProblems, labelValueProblems, qualifiedNameProblems, subdomainProblems } from "@dataplane/meta";
import type { ResourceDefinition } from "../resource.js";
import { invalidValue } from "../schema/field-errors.js";
import { ownerCauses } from "./owner-rules.js";

/** All annotations of an object together, as kube-apiserver limits them. */
const annotationsLimitBytes = 256 * 1024;

/** What is wrong with `metadata` beyond its types: names, labels, annotations, finalizers. `live` is what it replaces. */
export function metadataCauses(
  { nameRule = "dnsSubdomain", strategicMerge, group }: ResourceDefinition,
  { metadata }: ApiObject,
  live: ApiObject | undefined,
): readonly Cause[] {
  return [
    ...lateFinalizerCauses(metadata.finalizers ?? [], live),
    ...nameCauses(nameRule, metadata),
    ...labelCauses(metadata.labels ?? {}),
    ...annotationCauses(metadata.annotations ?? {}),
    ...ownerCauses(metadata.ownerReferences ?? []),
    ...finalizerCauses(metadata.finalizers ?? []),
    // Built-in kinds know no finalizers of custom resources, which may be old and without a domain.
    ...(strategicMerge === true && !libraryGroups.has(group) ? unqualifiedFinalizerCauses(metadata.finalizers ?? []) : []),
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

function finalizerCauses(finalizers: readonly string[]): readonly Cause[] {
  const causes = finalizers.flatMap((it) => qualifiedNameProblems(it).map((problem) => invalidValue("metadata.finalizers", it, problem)));
  if (!finalizers.includes("orphan") || !finalizers.includes("foregroundDeletion")) return causes;
  return [...causes, invalidValue("metadata.finalizers", finalizers, "finalizer orphan and foregroundDeletion cannot be both set")];
}

/** Groups of Kubernetes' libraries: they have the rules of custom resources. CustomResourceDefinitions are held by such a finalizer themselves. */
const libraryGroups: ReadonlySet<string> = new Set(["apiextensions.k8s.io", "apiregistration.k8s.io", "admissionregistration.k8s.io"]);

const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

const unqualifiedFinalizerCauses = (finalizers: readonly string[]): readonly Cause[] =>
  finalizers.flatMap((it, index) => {
    if (it.includes("/") || standardFinalizers.has(it)) return [];
    return [invalidValue(`metadata.finalizers[${index}]`, it, "name is neither a standard finalizer name nor is it fully qualified")];
  });

/** By a {@link ResourceDefinition.nameRule}: what is wrong with a name. */
const nameProblems: Readonly<Record<NonNullable<ResourceDefinition["nameRule"]>, (name: string) => readonly string[]>> = {
  dnsLabel: dnsLabelProblems,
  dnsSubdomain: (name) => subdomainProblems(name),
  pathSegment: pathSegmentProblems,
};

function pathSegmentProblems(name: string): readonly string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return [
    ...["/", "%"].filter((it) => name.includes(it)).map((it) => `may not contain '${it}'`),
    ...(name.length > 253 || name.includes("\0") ? ["has at most 253 characters, none of them NUL"] : []),
  ];
}

/** A prefix is held to the rule as if more followed it. */
function nameCauses(rule: keyof typeof nameProblems, { name, generateName = "" }: ApiObject["metadata"]): readonly Cause[] {
  const problems = nameProblems[rule];
  const prefix = generateName.length > 1 && generateName.endsWith("-") ? `${generateName.slice(0, -2)}a` : generateName;
  return [
    ...(prefix === "" ? [] : problems(prefix).map((it) => invalidValue("metadata.generateName", generateName, it))),
    ...problems(name).map((it) => invalidValue("metadata.name", name, it)),
  ];
}

const labelCauses = (labels: Readonly<Record<string, string>>): readonly Cause[] =>
  Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map((it) => invalidValue("metadata.labels", key, it)),
    ...labelValueProblems(value).map((it) => invalidValue("metadata.labels", value, it)),
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
    ...entries.flatMap(([key]) => qualifiedNameProblems(key.toLowerCase()).map((it) => invalidValue("metadata.annotations", key, it))),
    ...(size > annotationsLimitBytes ? [tooLong] : []),
  ];
}
