import { ApiError, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { keyPrefixOf } from "../../define-resource.js";
import { parseJson } from "../../parse-json.js";
import { jsonEqual } from "../../patch/json-equal.js";
import { applyJsonPatch } from "../../patch/json-patch.js";
import type { VerbServices } from "../../verbs/verb-call.js";
import type { AdmissionAttributes, AdmissionHook, AdmissionVerdict, HookConcern, MutationVerdict } from "../admission-hook.js";
import { changedIdentity, withIdentity } from "../object-identity.js";
import type { Invocation } from "./admission-review.js";
import { callWebhook, denialOf, type WebhookCaller } from "./call-webhook.js";
import { convertedObject } from "./equivalent-resources.js";
import { invocationOf } from "./match-webhook.js";
import { webhooksOf } from "./read-configuration.js";
import { mayMatchRule } from "./rule-match.js";
import type { Webhook } from "./webhook.js";
import { webhookConfigurationGroup } from "./webhook-configurations.js";

export interface WebhookAdmissionOptions extends WebhookCaller {
  readonly services: VerbServices;
}

/**
 * The say of webhooks in writes, as MutatingWebhookConfigurations and ValidatingWebhookConfigurations that are stored have it. They are
 * looked up in the cache, and what they match is read once per revision: a write that no rule is about costs two look-ups.
 */
export function webhookAdmission(options: WebhookAdmissionOptions): AdmissionHook {
  const { services } = options;
  const configured = (plural: string, { kind }: Pick<AdmissionAttributes, "kind">): readonly Webhook[] => {
    // No webhook may keep others from being removed.
    const resource = kind.group === webhookConfigurationGroup ? undefined : services.registry.resolve(webhookConfigurationGroup, "v1", plural);
    const stored = resource === undefined ? [] : services.cache.under(keyPrefixOf(resource, ""));
    return stored.length === 0 ? [] : stored.flatMap(webhooksOf);
  };
  const isConfigured = (plural: string, write: HookConcern): boolean =>
    configured(plural, write).some(({ rules }) => rules.some((rule) => mayMatchRule(rule, write)));
  return {
    concerns: (write) => isConfigured("mutatingwebhookconfigurations", write) || isConfigured("validatingwebhookconfigurations", write),
    mutate(attributes, signal) {
      const webhooks = configured("mutatingwebhookconfigurations", attributes);
      if (webhooks.length === 0) return Promise.resolve({ object: attributes.object, warnings: [] });
      return new Mutation(options, attributes, signal).by(webhooks);
    },
    validate(attributes, signal) {
      const webhooks = configured("validatingwebhookconfigurations", attributes);
      return webhooks.length === 0 ? Promise.resolve({ warnings: [] }) : validateBy(webhooks, options, attributes, signal);
    },
  };
}

/** All at once; of several refusals the one of the first configuration counts. */
async function validateBy(
  webhooks: readonly Webhook[],
  options: WebhookAdmissionOptions,
  attributes: AdmissionAttributes,
  signal: AbortSignal,
): Promise<AdmissionVerdict> {
  const matched: { readonly webhook: Webhook; readonly invocation: Invocation }[] = [];
  for (const webhook of webhooks) {
    const invocation = await invocationOf(webhook, attributes, options.services, signal);
    if (invocation !== undefined) matched.push({ webhook, invocation });
  }
  const asked = matched.map(async ({ webhook, invocation }): Promise<AdmissionVerdict> => {
    const answer = await callWebhook(options, { webhook, attributes, invocation, isMutating: false }, signal);
    if (answer === undefined) return { warnings: [] };
    const { warnings } = answer;
    return answer.allowed ? { warnings } : { warnings, denial: denialOf(webhook, answer) };
  });
  const verdicts = await Promise.all(asked);
  const warnings = verdicts.flatMap((verdict) => verdict.warnings);
  const denial = verdicts.find((verdict) => verdict.denial !== undefined)?.denial;
  return denial === undefined ? { warnings } : { warnings, denial };
}

/** The way of one object through the mutating webhooks. */
class Mutation {
  readonly #options: WebhookAdmissionOptions;
  readonly #signal: AbortSignal;
  readonly #warnings: string[] = [];
  /** Those that want to see what others after them changed. */
  readonly #seen = new Set<Webhook>();
  readonly #again = new Set<Webhook>();
  #attributes: AdmissionAttributes;

  constructor(options: WebhookAdmissionOptions, attributes: AdmissionAttributes, signal: AbortSignal) {
    this.#options = options;
    this.#attributes = attributes;
    this.#signal = signal;
  }

  /** One after the other, and those that ask for it once more. */
  async by(webhooks: readonly Webhook[]): Promise<MutationVerdict> {
    const denial = (await this.#round(webhooks)) ?? (await this.#round(webhooks.filter((webhook) => this.#again.has(webhook))));
    const { object } = this.#attributes;
    return { object, warnings: this.#warnings, ...(denial === undefined ? {} : { denial }) };
  }

  async #round(webhooks: readonly Webhook[]): Promise<AdmissionVerdict["denial"]> {
    for (const webhook of webhooks) {
      const invocation = await invocationOf(webhook, this.#attributes, this.#options.services, this.#signal);
      const denial = invocation === undefined ? undefined : await this.#ask(webhook, invocation);
      if (denial !== undefined) return denial;
    }
    return undefined;
  }

  async #ask(webhook: Webhook, invocation: Invocation): Promise<AdmissionVerdict["denial"]> {
    const answer = await callWebhook(this.#options, { webhook, attributes: this.#attributes, invocation, isMutating: true }, this.#signal);
    if (answer === undefined) return undefined;
    this.#warnings.push(...answer.warnings);
    if (!answer.allowed) return denialOf(webhook, answer);
    if (answer.patch !== undefined && (await this.#patch(webhook, invocation, answer.patch))) {
      for (const it of this.#seen) this.#again.add(it);
      this.#seen.clear();
    }
    if (webhook.isReinvoked) this.#seen.add(webhook);
    return undefined;
  }

  /** True when the patch changed the object. */
  async #patch({ name }: Webhook, { object }: Invocation, text: string): Promise<boolean> {
    const { object: before } = this.#attributes;
    const who = `admission webhook ${JSON.stringify(name)}`;
    if (object === undefined || before === undefined) {
      throw internal(`${who} attempted to modify the object, which is not supported for this operation`);
    }
    const patched = patchedObject(who, object, text);
    const changed = changedIdentity(object, patched);
    if (changed.length > 0) throw internal(`${who} changed ${changed.join(", ")}, which a mutation must not`);
    const next = await this.#inRequestVersion(withIdentity(object, patched));
    if (jsonEqual(before, next)) return false;
    this.#attributes = { ...this.#attributes, object: next };
    return true;
  }

  #inRequestVersion(object: JsonObject): Promise<JsonObject> {
    const { kind, resource, subresource } = this.#attributes;
    const served = this.#options.services.registry.resolve(resource.group, resource.version, resource.resource);
    if (subresource !== "" && served?.definition.kind !== kind.kind) return Promise.resolve(object);
    return convertedObject(object, kind, served?.definition.versioned?.converter, this.#signal);
  }
}

function patchedObject(who: string, object: JsonObject, text: string): JsonObject {
  let patched: JsonValue;
  try {
    patched = applyJsonPatch(object, parseJson(text));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw internal(`${who} answered with a patch that cannot be applied: ${error.message}`, error);
  }
  if (!isJsonObject(patched)) throw internal(`${who} answered with a patch that leaves no object`);
  return patched;
}

const internal = (message: string, cause?: unknown): ApiError => new ApiError("InternalError", `Internal error occurred: ${message}`, { cause });
