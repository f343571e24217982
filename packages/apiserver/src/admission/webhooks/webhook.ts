import type { WebhookClientConfig } from "../../webhook/webhook-client.js";
import type { AdmissionOperation } from "../admission-hook.js";
import type { ObjectLabels } from "./label-selector.js";
import type { MatchCondition } from "./match-conditions.js";

/** One entry of `webhooks` of a configuration, as it is asked (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-configuration). */
export interface Webhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules: readonly WebhookRule[];
  readonly failurePolicy: "Fail" | "Ignore";
  readonly matchPolicy: "Equivalent" | "Exact";
  /** Undefined: every namespace. */
  readonly namespaceSelector: LabelPredicate | undefined;
  /** Undefined: every object. */
  readonly objectSelector: LabelPredicate | undefined;
  readonly matchConditions: readonly MatchCondition[];
  readonly timeoutMs: number;
  /** The first one that this server speaks too. */
  readonly reviewVersion: "v1" | "v1beta1" | undefined;
  /** False: it must not be asked about a dry run. */
  readonly allowsDryRun: boolean;
  /** Mutating ones only: asked again when one after it changed the object. */
  readonly isReinvoked: boolean;
}

export type LabelPredicate = (labels: ObjectLabels) => boolean;

export interface WebhookRule {
  readonly operations: readonly (AdmissionOperation | "CONNECT" | "*")[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly scope: "*" | "Cluster" | "Namespaced";
}
