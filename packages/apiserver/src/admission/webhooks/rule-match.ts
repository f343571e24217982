import type { GroupVersionResource } from "@dataplane/meta";
import type { WebhookRule } from "./webhook.js";

/** What rules look at. */
export interface RuleSubject {
  readonly operation: string;
  readonly resource: GroupVersionResource;
  readonly subresource: string;
  /** The namespace's own name for a request about a namespace. */
  readonly namespace: string;
}

export const matchesRule = (rule: WebhookRule, { operation, resource, subresource, namespace }: RuleSubject): boolean =>
  isAmong(rule.operations, operation) &&
  isAmong(rule.apiGroups, resource.group) &&
  isAmong(rule.apiVersions, resource.version) &&
  matchesScope(rule.scope, namespace !== "" && !isNamespaces(resource)) &&
  rule.resources.some((it) => matchesResource(it, resource.resource, subresource));

/** What can be told before there is an object: in any version, since equivalent ones may match, and in any scope. */
export const mayMatchRule = (rule: WebhookRule, { operation, resource, subresource }: Omit<RuleSubject, "namespace">): boolean =>
  isAmong(rule.operations, operation) &&
  isAmong(rule.apiGroups, resource.group) &&
  rule.resources.some((it) => matchesResource(it, resource.resource, subresource));

const isAmong = (items: readonly string[], wanted: string): boolean => items.includes("*") || items.includes(wanted);

const matchesScope = (scope: WebhookRule["scope"], isNamespaced: boolean): boolean => scope === "*" || (scope === "Namespaced") === isNamespaced;

export const isNamespaces = ({ group, resource }: GroupVersionResource): boolean => group === "" && resource === "namespaces";

/** `pods` is the object alone, `pods/*` it and all its subresources, `*` any object, `*` before a slash any resource. */
function matchesResource(rule: string, resource: string, subresource: string): boolean {
  const [ruleResource = "", ruleSubresource = ""] = rule.split("/");
  return (ruleResource === "*" || ruleResource === resource) && (ruleSubresource === "*" || ruleSubresource === subresource);
}
