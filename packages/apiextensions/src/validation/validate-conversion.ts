import type { Cause } from "@dataplane/meta";
import type { Conversion } from "../definition/custom-resource-definition.js";
import { forbidden, invalid, notSupported, required } from "./causes.js";
import { dns1035LabelProblems } from "./dns-names.js";
import { caBundleProblem, validateWebhookService, validateWebhookUrl } from "./webhook-address.js";

export interface ConversionRules {
  /** True for a new definition, and where the old one named one that is known. */
  readonly requireKnownReviewVersion: boolean;
  /** True while nothing has been served yet, and where the old one was as bad. */
  readonly allowInvalidCaBundle: boolean;
}

/** Versions of ConversionReview that this server can speak. */
export const knownReviewVersions = ["v1", "v1beta1"];

export function validateConversion(conversion: Conversion | undefined, rules: ConversionRules, path: string): readonly Cause[] {
  if (conversion === undefined) return [];
  const { strategy, webhook } = conversion;
  const strategyCauses = enumCauses(strategy, ["None", "Webhook"], `${path}.strategy`);
  if (strategy === "Webhook") return [...strategyCauses, ...webhookCauses(webhook, rules, path)];
  return [
    ...strategyCauses,
    ...(webhook?.clientConfig === undefined
      ? []
      : [forbidden(`${path}.webhookClientConfig`, "should not be set when strategy is not set to Webhook")]),
    ...((webhook?.conversionReviewVersions ?? []).length === 0
      ? []
      : [forbidden(`${path}.conversionReviewVersions`, "should not be set when strategy is not set to Webhook")]),
  ];
}

function webhookCauses(webhook: Conversion["webhook"], rules: ConversionRules, path: string): readonly Cause[] {
  return [
    ...clientConfigCauses(webhook?.clientConfig, rules, `${path}.webhookClientConfig`),
    ...reviewVersionCauses(webhook?.conversionReviewVersions ?? [], rules, `${path}.conversionReviewVersions`),
  ];
}

function clientConfigCauses(
  config: NonNullable<Conversion["webhook"]>["clientConfig"],
  { allowInvalidCaBundle }: ConversionRules,
  path: string,
): readonly Cause[] {
  if (config === undefined) return [required(path, "required when strategy is set to Webhook")];
  const { url, service, caBundle = "" } = config;
  const problem = caBundle === "" || allowInvalidCaBundle ? undefined : caBundleProblem(caBundle);
  const caCauses = problem === undefined ? [] : [invalid(`${path}.caBundle`, caBundle, problem)];
  if ((url === undefined) === (service === undefined)) return [required(path, "exactly one of url or service is required"), ...caCauses];
  const addressCauses = url === undefined ? validateWebhookService(service, `${path}.service`) : validateWebhookUrl(url, `${path}.url`);
  return [...addressCauses, ...caCauses];
}

function reviewVersionCauses(versions: readonly string[], { requireKnownReviewVersion }: ConversionRules, path: string): readonly Cause[] {
  if (versions.length === 0) return [required(path)];
  const each = versions.flatMap((version, index) => {
    if (versions.indexOf(version) < index) return [invalid(`${path}[${index}]`, version, "duplicate version")];
    return dns1035LabelProblems(version).map((problem) => invalid(`${path}[${index}]`, version, problem));
  });
  const isKnown = versions.some((version) => knownReviewVersions.includes(version));
  if (isKnown || !requireKnownReviewVersion) return each;
  return [...each, invalid(path, versions, `must include at least one of ${knownReviewVersions.join(", ")}`)];
}

export function enumCauses(value: string, accepted: readonly string[], path: string): readonly Cause[] {
  if (value === "") return [required(path)];
  return accepted.includes(value) ? [] : [notSupported(path, value, accepted)];
}
