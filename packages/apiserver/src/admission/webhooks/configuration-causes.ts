import { type Cause, isDnsSubdomain, isJsonObject, isLabelKey, type JsonObject, type JsonValue } from "@dataplane/meta";
import { invalidValue, notSupported, required, tooMany } from "../../schema/field-errors.js";
import { clientConfigCauses } from "./client-config-causes.js";
import { selectorCauses } from "./label-selector-causes.js";
import { compileCondition } from "./match-conditions.js";
import { ruleCauses } from "./rule-causes.js";

/** What is wrong with `webhooks` of a configuration beyond its schema (which tells repeated names), in the words of kube-apiserver. */
export const configurationCauses = (webhooks: readonly JsonValue[], isMutating: boolean): readonly Cause[] =>
  webhooks.flatMap((webhook, index) => (isJsonObject(webhook) ? webhookCauses(webhook, `webhooks[${index}]`, isMutating) : []));

const because = (cause: Cause, why: string): Cause => ({ ...cause, message: `${cause.message}: ${why}` });

function webhookCauses(webhook: JsonObject, at: string, isMutating: boolean): readonly Cause[] {
  const oneOf = (field: string, values: readonly string[]): readonly Cause[] => {
    const value = webhook[field];
    return value === undefined || (typeof value === "string" && values.includes(value)) ? [] : [notSupported(`${at}.${field}`, value, values)];
  };
  return [
    ...nameCauses(webhook["name"], `${at}.name`),
    ...items(webhook["rules"]).flatMap((rule, index) => ruleCauses(rule, `${at}.rules[${index}]`)),
    ...oneOf("failurePolicy", ["Fail", "Ignore"]),
    ...oneOf("matchPolicy", ["Equivalent", "Exact"]),
    ...(webhook["sideEffects"] === undefined
      ? [because(required(`${at}.sideEffects`), "must specify one of None, NoneOnDryRun")]
      : oneOf("sideEffects", ["None", "NoneOnDryRun"])),
    ...timeoutCauses(webhook["timeoutSeconds"], `${at}.timeoutSeconds`),
    ...selectorCauses(webhook["namespaceSelector"], `${at}.namespaceSelector`),
    ...selectorCauses(webhook["objectSelector"], `${at}.objectSelector`),
    ...(isMutating ? oneOf("reinvocationPolicy", ["IfNeeded", "Never"]) : []),
    ...clientConfigCauses(webhook["clientConfig"], `${at}.clientConfig`),
    ...conditionsCauses(items(webhook["matchConditions"]), `${at}.matchConditions`),
    ...reviewVersionCauses(items(webhook["admissionReviewVersions"]), `${at}.admissionReviewVersions`),
  ];
}

function nameCauses(name: JsonValue | undefined, field: string): readonly Cause[] {
  if (typeof name !== "string" || name === "") return [required(field)];
  if (!isDnsSubdomain(name)) {
    const rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'";
    return [invalidValue(field, name, `${rule}, and must start and end with an alphanumeric character`)];
  }
  return name.split(".").length < 3 ? [invalidValue(field, name, "should be a domain with at least three segments separated by dots")] : [];
}

function timeoutCauses(seconds: JsonValue | undefined, field: string): readonly Cause[] {
  if (typeof seconds !== "number" || (seconds >= 1 && seconds <= 30)) return [];
  return [invalidValue(field, seconds, "the timeout value must be between 1 and 30 seconds")];
}

const reviewVersions: readonly JsonValue[] = ["v1", "v1beta1"];

function reviewVersionCauses(versions: readonly JsonValue[], field: string): readonly Cause[] {
  if (versions.length === 0) return [because(required(field), "must specify one of v1, v1beta1")];
  const repeated = versions.flatMap((it, index) =>
    versions.indexOf(it) < index ? [invalidValue(`${field}[${index}]`, it, "duplicate version")] : [],
  );
  const isKnown = versions.some((it) => reviewVersions.includes(it));
  return [...repeated, ...(isKnown ? [] : [invalidValue(field, versions, "must include at least one of v1, v1beta1")])];
}

const mostConditions = 64;

function conditionsCauses(conditions: readonly JsonValue[], field: string): readonly Cause[] {
  const each = conditions.flatMap((condition, index) => {
    const { name, expression }: JsonObject = isJsonObject(condition) ? condition : {};
    return [...expressionCauses(expression, `${field}[${index}].expression`), ...conditionNameCauses(name, `${field}[${index}].name`)];
  });
  return [...(conditions.length > mostConditions ? [tooMany(field, conditions.length, mostConditions)] : []), ...each];
}

function expressionCauses(expression: JsonValue | undefined, field: string): readonly Cause[] {
  const text = typeof expression === "string" ? expression.trim() : "";
  if (text === "") return [required(field)];
  const compiled = compileCondition(text);
  return "problem" in compiled ? [invalidValue(field, text, compiled.problem)] : [];
}

function conditionNameCauses(name: JsonValue | undefined, field: string): readonly Cause[] {
  if (typeof name !== "string" || name === "") return [required(field)];
  return isLabelKey(name) ? [] : [invalidValue(field, name, "name part must consist of alphanumeric characters, '-', '_' or '.'")];
}

const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? (value as readonly JsonValue[]) : []);
