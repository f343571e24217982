import { type Cause, isJsonObject, isLabelKey, isLabelValue, type JsonObject, type JsonValue } from "@dataplane/meta";
import { invalidValue, required } from "../../schema/field-errors.js";

/** What is wrong with a `metav1.LabelSelector`. */
export function selectorCauses(selector: JsonValue | undefined, at: string): readonly Cause[] {
  if (!isJsonObject(selector)) return [];
  const { matchLabels, matchExpressions } = selector;
  return [
    ...Object.entries(isJsonObject(matchLabels) ? matchLabels : {}).flatMap(([key, value]) => [
      ...keyCauses(key, `${at}.matchLabels`),
      ...valueCauses(value, `${at}.matchLabels`),
    ]),
    ...(Array.isArray(matchExpressions) ? (matchExpressions as readonly JsonValue[]) : []).flatMap((it, index) =>
      expressionCauses(it, `${at}.matchExpressions[${index}]`),
    ),
  ];
}

function expressionCauses(expression: JsonValue, at: string): readonly Cause[] {
  const { key, operator, values }: JsonObject = isJsonObject(expression) ? expression : {};
  const given = Array.isArray(values) ? (values as readonly JsonValue[]) : [];
  const needsValues = operator === "In" || operator === "NotIn";
  const takesNone = operator === "Exists" || operator === "DoesNotExist";
  return [
    ...(needsValues && given.length === 0
      ? [{ ...required(`${at}.values`), message: "Required value: must be specified when `operator` is 'In' or 'NotIn'" }]
      : []),
    ...(takesNone && given.length > 0
      ? [
          {
            reason: "FieldValueForbidden",
            message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            field: `${at}.values`,
          },
        ]
      : []),
    ...(needsValues || takesNone ? [] : [invalidValue(`${at}.operator`, operator ?? "", "not a valid selector operator")]),
    ...keyCauses(typeof key === "string" ? key : "", `${at}.key`),
    ...given.flatMap((value, index) => valueCauses(value, `${at}.values[${index}]`)),
  ];
}

const keyCauses = (key: string, field: string): readonly Cause[] =>
  isLabelKey(key) ? [] : [invalidValue(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.'")];

const valueCauses = (value: JsonValue, field: string): readonly Cause[] =>
  typeof value === "string" && isLabelValue(value)
    ? []
    : [invalidValue(field, value, "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'")];
