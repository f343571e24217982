import { ApiError, badRequest, type Logger } from "@dataplane/meta";
import { type WebhookClient, WebhookFailure } from "../../webhook/webhook-client.js";
import type { AdmissionAttributes, AdmissionDenial } from "../admission-hook.js";
import { denialDetails } from "../denial-details.js";
import { admissionRequest, type Invocation, type ReviewAnswer, reviewAnswer } from "./admission-review.js";
import type { Webhook } from "./webhook.js";

export interface WebhookCaller {
  readonly webhooks: WebhookClient;
  readonly logger: Logger;
  readonly newUid: () => string;
}

/**
 * Asks one webhook. Undefined when it gave no answer and its failure policy is to ignore that. Throws ApiError in the words of
 * kube-apiserver otherwise.
 */
export async function callWebhook(
  { webhooks, newUid, logger }: WebhookCaller,
  { webhook, attributes, invocation, isMutating }: WebhookQuestion,
  signal: AbortSignal,
): Promise<ReviewAnswer | undefined> {
  const { name, reviewVersion: version, clientConfig, timeoutMs, failurePolicy } = webhook;
  const requireIgnored = (why: string, cause?: unknown): void => {
    if (failurePolicy === "Fail") throw failedCalling(name, why, cause);
    logger.warn({ webhook: name, why }, "failed calling a webhook whose failure policy is to ignore that");
  };
  if (attributes.dryRun && !webhook.allowsDryRun) throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  if (version === undefined) {
    requireIgnored("webhook does not accept known AdmissionReview versions (v1, v1beta1)");
    return undefined;
  }
  const uid = newUid();
  const review = { kind: "AdmissionReview", apiVersion: `admission.k8s.io/${version}`, request: admissionRequest(uid, attributes, invocation) };
  try {
    const answer = reviewAnswer(await webhooks.call(clientConfig, review, { timeoutMs, signal }), { version, uid, isMutating });
    if (typeof answer !== "string") return answer;
    requireIgnored(`received invalid webhook response: ${answer}`);
  } catch (error) {
    if (!(error instanceof WebhookFailure)) throw error;
    // The write itself is over: there is nobody to go on for.
    if (signal.aborted) throw new ApiError("Timeout", "request did not complete within requested timeout", { cause: error });
    requireIgnored(`failed to call webhook: ${error.message}`, error);
  }
  return undefined;
}

export interface WebhookQuestion {
  readonly webhook: Webhook;
  readonly attributes: AdmissionAttributes;
  readonly invocation: Invocation;
  readonly isMutating: boolean;
}

const failedCalling = (name: string, why: string, cause: unknown): ApiError =>
  new ApiError("InternalError", `Internal error occurred: failed calling webhook ${JSON.stringify(name)}: ${why}`, { cause });

/** The refusal in an answer that does not allow: 400 unless it says a code of failure, as in Kubernetes. */
export function denialOf({ name }: Webhook, { result }: ReviewAnswer): AdmissionDenial {
  const { code, reason, message } = result;
  const details = denialDetails(result["details"]);
  const words = typeof message === "string" && message !== "" ? message : typeof reason === "string" ? reason : "";
  return {
    code: typeof code === "number" && Number.isInteger(code) && code >= 400 && code <= 599 ? code : 400,
    reason: typeof reason === "string" ? reason : "",
    message: words,
    ...(details === undefined ? {} : { details }),
    by: `webhook ${JSON.stringify(name)}`,
  };
}
