import { ApiError, type JsonObject, notFound } from "@dataplane/meta";
import type { ServedResource } from "../../define-resource.js";
import { objectsOf, type VerbServices } from "../../verbs/verb-call.js";
import type { AdmissionAttributes } from "../admission-hook.js";
import { admissionRequest, type Invocation } from "./admission-review.js";
import { equivalentsOf, inVersion } from "./equivalent-resources.js";
import { labelsOf, type ObjectLabels } from "./label-selector.js";
import { matchesConditions } from "./match-conditions.js";
import { isNamespaces, matchesRule, type RuleSubject } from "./rule-match.js";
import type { Webhook } from "./webhook.js";

/**
 * How the webhook is to be asked about a write; undefined when it has no say in it. Throws ApiError when that cannot be told: NotFound
 * for a namespace that is not there, Forbidden for a condition that fails.
 */
export async function invocationOf(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  services: VerbServices,
  signal: AbortSignal,
): Promise<Invocation | undefined> {
  const { objectSelector: selects } = webhook;
  const { object, oldObject, kind, resource } = attributes;
  if (selects !== undefined && !(isSelected(selects, object) || isSelected(selects, oldObject))) return undefined;
  const matched = matchedResource(webhook, attributes, services);
  if (matched === undefined) return undefined;
  if (!(await selectsNamespace(webhook, attributes, services))) return undefined;
  const invocation = matched === "itself" ? { kind, resource, object, oldObject } : await inVersion(matched, attributes, signal);
  return meetsConditions(webhook, attributes, invocation) ? invocation : undefined;
}

const isSelected = (selects: NonNullable<Webhook["objectSelector"]>, object: JsonObject | undefined): boolean =>
  object !== undefined && selects(labelsOf(object));

/** The request's own resource, or the version of it that the first rule names. */
function matchedResource(
  { rules, matchPolicy }: Webhook,
  { operation, resource, subresource, namespace }: AdmissionAttributes,
  { registry }: VerbServices,
): ServedResource | "itself" | undefined {
  const subject: RuleSubject = { operation, resource, subresource, namespace };
  if (rules.some((rule) => matchesRule(rule, subject))) return "itself";
  if (matchPolicy === "Exact") return undefined;
  const others = equivalentsOf(registry, resource);
  for (const rule of rules) {
    const found = others.find(({ definition }) => matchesRule(rule, { ...subject, resource: { ...resource, version: definition.version } }));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function selectsNamespace({ namespaceSelector: selects }: Webhook, attributes: AdmissionAttributes, services: VerbServices): Promise<boolean> {
  if (selects === undefined || (attributes.namespace === "" && !isNamespaces(attributes.resource))) return true;
  return selects(await namespaceLabels(attributes, services));
}

async function namespaceLabels({ resource, subresource, object, namespace }: AdmissionAttributes, services: VerbServices): Promise<ObjectLabels> {
  if (isNamespaces(resource) && subresource === "" && object !== undefined) return labelsOf(object);
  const namespaces = services.registry.resolve("", "v1", "namespaces");
  const stored = namespaces === undefined ? undefined : await objectsOf({ resource: namespaces, services }).get("", namespace);
  if (stored === undefined) throw notFound("namespaces", namespace);
  return labelsOf(stored.bare);
}

function meetsConditions({ matchConditions, failurePolicy }: Webhook, attributes: AdmissionAttributes, invocation: Invocation): boolean {
  if (matchConditions.length === 0) return true;
  const verdict = matchesConditions(matchConditions, admissionRequest("", attributes, invocation));
  if ("matches" in verdict) return verdict.matches;
  if (failurePolicy === "Ignore") return false;
  const { resource, name } = attributes;
  const what = resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
  throw new ApiError("Forbidden", `${what} ${JSON.stringify(name)} is forbidden: ${verdict.problem}`, {
    details: { name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.resource },
  });
}
