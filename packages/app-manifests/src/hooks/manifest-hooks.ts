import { randomUUID } from "node:crypto";
import { type AppHooks, admissionByReview } from "@dataplane/aggregator";
import { webhookConverter } from "@dataplane/apiextensions";
import type { AdmissionHook, AdmissionOperation, Converter, WebhookClient } from "@dataplane/apiserver";
import { isJsonObject, unavailable } from "@dataplane/meta";
import type { ManifestSpec } from "../app-manifest-spec.js";

/** Who answers for a manifest's kinds. */
export interface ManifestHooks {
  readonly admission: AdmissionHook;
  readonly conversion: Converter;
  /** Another text when somebody else answers. */
  readonly who: string;
}

export interface ManifestHooksOptions {
  readonly spec: ManifestSpec;
  /** Undefined: no plugin is the app's. */
  readonly pluginId: string | undefined;
  /** Another version of a plugin may convert in another way: what was kept of the former's answers is of no use then. */
  readonly pluginVersion: string;
  readonly hooks: AppHooks;
  readonly webhooks: WebhookClient;
}

/** As the server waits for webhooks that say nothing else. */
const timeoutMs = 10_000;

/** The app's plugin, else its operator by webhooks. Without either the hooks throw ServiceUnavailable: nobody has allowed anything. */
export function manifestHooks({ spec, pluginId, pluginVersion, hooks, webhooks }: ManifestHooksOptions): ManifestHooks {
  if (pluginId !== undefined) {
    return { admission: hooks.admission(pluginId), conversion: hooks.conversion(pluginId), who: `plugin ${pluginId} ${pluginVersion}` };
  }
  if (spec.operator.url !== "") return operatorHooks(spec, webhooks);
  const nobody = (): Promise<never> => Promise.reject(unavailable(`no plugin answers for the app ${spec.appName}`, 10));
  return { admission: { mutate: nobody, validate: nobody }, conversion: { convert: nobody }, who: "nobody" };
}

function operatorHooks({ operator, appName }: ManifestSpec, webhooks: WebhookClient): ManifestHooks {
  const urlOf = (path: string): string => `${operator.url.replace(/\/$/, "")}/${path.replace(/^\//, "")}`;
  const paths = { mutate: operator.mutationPath, validate: operator.validationPath };
  return {
    admission: admissionByReview({
      who: `the operator of ${appName}`,
      async ask(step, request, { signal }) {
        const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
        try {
          const { response } = await webhooks.call({ url: urlOf(paths[step]) }, review, { timeoutMs, signal });
          return isJsonObject(response) ? response : {};
        } catch (thrown) {
          signal.throwIfAborted();
          throw unavailable(`the operator of ${appName} could not be asked: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
        }
      },
    }),
    conversion: webhookConverter({
      conversion: { strategy: "Webhook", webhook: { clientConfig: { url: urlOf(operator.conversionPath) }, conversionReviewVersions: ["v1"] } },
      webhooks,
      newUid: randomUUID,
    }),
    who: `operator ${operator.url}`,
  };
}

/** Whether a list of a manifest names the operation. */
export const lists = (operations: readonly string[], operation: AdmissionOperation): boolean =>
  operations.includes(operation) || operations.includes("*");
