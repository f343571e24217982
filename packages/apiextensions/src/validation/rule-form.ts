import type { ValidationRule } from "@dataplane/apiserver";
import type { Cause } from "@dataplane/meta";
import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";
import { invalid, notSupported, required } from "./causes.js";
import { findField } from "./field-of-path.js";
import { firstUnreadable } from "./structural.js";

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/** What is wrong with the rules of a schema before anyone compiles them. */
export const ruleFormCauses = (schema: JsonSchemaProps, path: string): readonly Cause[] =>
  (schema["x-kubernetes-validations"] ?? []).flatMap((rule, index) => ruleCauses(schema, rule, `${path}.x-kubernetes-validations[${index}]`));

function ruleCauses(schema: JsonSchemaProps, validation: ValidationRule, path: string): readonly Cause[] {
  const { messageExpression = "", reason, fieldPath = "" } = validation;
  return [
    ...textCauses(validation, path),
    ...(messageExpression !== "" && messageExpression.trim() === ""
      ? [required(`${path}.messageExpression`, "messageExpression must be non-empty if specified")]
      : []),
    ...(reason === undefined || reasons.includes(reason) ? [] : [notSupported(`${path}.reason`, reason, reasons)]),
    ...fieldPathCauses(schema, fieldPath, `${path}.fieldPath`),
  ];
}

function textCauses({ rule, message = "" }: ValidationRule, path: string): readonly Cause[] {
  if (rule.trim() === "") return [required(`${path}.rule`, "rule is not specified")];
  if (message !== "" && message.trim() === "") return [invalid(`${path}.message`, message, "must be non-empty if specified")];
  if (hasLineBreaks(message.trim())) return [invalid(`${path}.message`, message, "must not contain line breaks")];
  if (hasLineBreaks(rule.trim()) && message === "") return [required(`${path}.message`, "message must be specified if rule contains line breaks")];
  return [];
}

function fieldPathCauses(schema: JsonSchemaProps, fieldPath: string, path: string): readonly Cause[] {
  if (fieldPath === "") return [];
  return [
    ...(fieldPath.trim() === "" ? [invalid(path, fieldPath, "must be non-empty if specified")] : []),
    ...(hasLineBreaks(fieldPath) ? [invalid(path, fieldPath, "must not contain line breaks")] : []),
    ...(firstUnreadable(schema) === undefined && "problem" in findField(fieldPath, schema, { brackets: true })
      ? [invalid(path, fieldPath, "must be a valid path")]
      : []),
  ];
}

const hasLineBreaks = (text: string): boolean => /[\n\r]/.test(text);
