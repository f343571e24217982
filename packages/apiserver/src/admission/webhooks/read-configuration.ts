import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { StoredValue } from "../../codec.js";
import type { WebhookClientConfig } from "../../webhook/webhook-client.js";
import { labelPredicate } from "./label-selector.js";
import { compileCondition, type MatchCondition } from "./match-conditions.js";
import type { Webhook, WebhookRule } from "./webhook.js";

const known = new WeakMap<StoredValue, readonly Webhook[]>();

/** The webhooks of a stored configuration, in its order; read once per revision. */
export function webhooksOf(stored: StoredValue): readonly Webhook[] {
  const before = known.get(stored);
  if (before !== undefined) return before;
  const { webhooks } = stored.bare;
  const read = items(webhooks).filter(isJsonObject).map(webhookOf);
  known.set(stored, read);
  return read;
}

const defaultTimeoutSeconds = 10;

function webhookOf(json: JsonObject): Webhook {
  const { timeoutSeconds, admissionReviewVersions, sideEffects } = json;
  return {
    name: text(json["name"]),
    clientConfig: clientConfigOf(json["clientConfig"]),
    rules: items(json["rules"]).filter(isJsonObject).map(ruleOf),
    failurePolicy: json["failurePolicy"] === "Ignore" ? "Ignore" : "Fail",
    matchPolicy: json["matchPolicy"] === "Exact" ? "Exact" : "Equivalent",
    namespaceSelector: labelPredicate(json["namespaceSelector"]),
    objectSelector: labelPredicate(json["objectSelector"]),
    matchConditions: items(json["matchConditions"]).filter(isJsonObject).map(conditionOf),
    timeoutMs: (typeof timeoutSeconds === "number" ? timeoutSeconds : defaultTimeoutSeconds) * 1000,
    reviewVersion: items(admissionReviewVersions).find((it): it is "v1" | "v1beta1" => it === "v1" || it === "v1beta1"),
    allowsDryRun: sideEffects === "None" || sideEffects === "NoneOnDryRun",
    isReinvoked: json["reinvocationPolicy"] === "IfNeeded",
  };
}

function clientConfigOf(json: JsonValue | undefined): WebhookClientConfig {
  const { url, service, caBundle } = isJsonObject(json) ? json : {};
  return {
    ...(typeof url === "string" ? { url } : {}),
    ...(typeof caBundle === "string" ? { caBundle } : {}),
    ...(isJsonObject(service) ? { service: serviceOf(service) } : {}),
  };
}

const serviceOf = ({ namespace, name, path, port }: JsonObject): NonNullable<WebhookClientConfig["service"]> => ({
  namespace: text(namespace),
  name: text(name),
  ...(typeof path === "string" ? { path } : {}),
  ...(typeof port === "number" ? { port } : {}),
});

function ruleOf({ operations, apiGroups, apiVersions, resources, scope }: JsonObject): WebhookRule {
  const operation = (it: string): it is WebhookRule["operations"][number] => ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"].includes(it);
  return {
    operations: texts(operations).filter(operation),
    apiGroups: texts(apiGroups),
    apiVersions: texts(apiVersions),
    resources: texts(resources),
    scope: scope === "Cluster" || scope === "Namespaced" ? scope : "*",
  };
}

/** One that no longer compiles fails whenever it is asked. */
function conditionOf({ name, expression }: JsonObject): MatchCondition {
  const compiled = compileCondition(text(expression).trim());
  return { name: text(name), program: "program" in compiled ? compiled.program : () => compiled.problem };
}

const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? (value as readonly JsonValue[]) : []);
const texts = (value: JsonValue | undefined): readonly string[] => items(value).map(text);
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
