import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { kindSchema } from "../../builtin/message-schema.js";
import type { ResourceDefinition } from "../../resource.js";
import { configurationCauses } from "./configuration-causes.js";

export const webhookConfigurationGroup = "admissionregistration.k8s.io";

/** `admissionregistration.k8s.io/v1`: which webhooks have a say in writes (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/). */
export const webhookConfigurations: readonly ResourceDefinition[] = [
  configurationDefinition("MutatingWebhookConfiguration", "Webhooks that are asked about writes one after the other, and may change the object.", {
    reinvocationPolicy: "Never",
  }),
  configurationDefinition("ValidatingWebhookConfiguration", "Webhooks that are asked about writes as they would be stored, and may refuse them.", {}),
];

function configurationDefinition(
  kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
  description: string,
  defaults: JsonObject,
): ResourceDefinition {
  return {
    group: webhookConfigurationGroup,
    version: "v1",
    kind,
    plural: `${kind.toLowerCase()}s`,
    scope: "cluster",
    categories: ["api-extensions"],
    description,
    strategicMerge: true,
    schema: kindSchema(`admissionregistration.v1.${kind}`),
    columns: [{ name: "Webhooks", type: "integer", description: "How many webhooks it has.", value: (it) => webhooksIn(it).length }],
    prepare: ({ object }) => ({ object: withDefaults(object, defaults) }),
    validate: (object) => configurationCauses(webhooksIn(object), kind === "MutatingWebhookConfiguration"),
  };
}

function webhooksIn({ webhooks }: ApiObject): readonly JsonValue[] {
  return Array.isArray(webhooks) ? (webhooks as readonly JsonValue[]) : [];
}

function withDefaults(object: ApiObject, defaults: JsonObject): ApiObject {
  if (!Array.isArray(object["webhooks"])) return object;
  return { ...object, webhooks: webhooksIn(object).map((it) => (isJsonObject(it) ? webhookWithDefaults(it, defaults) : it)) };
}

const webhookDefaults: JsonObject = {
  failurePolicy: "Fail",
  matchPolicy: "Equivalent",
  namespaceSelector: {},
  objectSelector: {},
  timeoutSeconds: 10,
};

function webhookWithDefaults(webhook: JsonObject, own: JsonObject): JsonObject {
  const { rules, clientConfig } = webhook;
  return {
    ...webhookDefaults,
    ...own,
    ...webhook,
    ...(Array.isArray(rules) ? { rules: (rules as readonly JsonValue[]).map((it) => (isJsonObject(it) ? { scope: "*", ...it } : it)) } : {}),
    ...(isJsonObject(clientConfig) ? { clientConfig: clientConfigWithDefaults(clientConfig) } : {}),
  };
}

function clientConfigWithDefaults(config: JsonObject): JsonObject {
  const { service } = config;
  return isJsonObject(service) ? { ...config, service: { port: 443, ...service } } : config;
}
