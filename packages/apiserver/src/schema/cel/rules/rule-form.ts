import type { StructuralSchema, ValidationRule } from "../../structural-schema.js";
import type { RuleProblem } from "../validation-rules.js";
import { ruleFieldPath } from "./rule-field-path.js";

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

const hasLineBreak = (text: string): boolean => /[\n\r]/.test(text);

/** What is wrong with a rule before it is read as CEL. */
export function formProblems(rule: ValidationRule, node: StructuralSchema, place: string): readonly RuleProblem[] {
  return [...textProblems(rule, place), ...expressionProblems(rule, place), ...pathProblems(rule, node, place)];
}

function textProblems({ rule, message = "" }: ValidationRule, place: string): readonly RuleProblem[] {
  const text = message.trim();
  if (rule.trim() === "") return [required(`${place}.rule`, "rule is not specified")];
  if (message !== "" && text === "") return [invalid(`${place}.message`, message, "must be non-empty if specified")];
  if (hasLineBreak(text)) return [invalid(`${place}.message`, message, "must not contain line breaks")];
  if (hasLineBreak(rule.trim()) && text === "") return [required(`${place}.message`, "message must be specified if rule contains line breaks")];
  return [];
}

function expressionProblems({ messageExpression = "", reason }: ValidationRule, place: string): readonly RuleProblem[] {
  const problems: RuleProblem[] = [];
  if (messageExpression !== "" && messageExpression.trim() === "") {
    problems.push(required(`${place}.messageExpression`, "messageExpression must be non-empty if specified"));
  }
  if (reason !== undefined && !reasons.includes(reason)) {
    const supported = reasons.map((it) => JSON.stringify(it)).join(", ");
    problems.push({
      field: `${place}.reason`,
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${JSON.stringify(reason)}: supported values: ${supported}`,
    });
  }
  return problems;
}

function pathProblems({ fieldPath = "" }: ValidationRule, node: StructuralSchema, place: string): readonly RuleProblem[] {
  if (fieldPath === "") return [];
  const field = `${place}.fieldPath`;
  const problems: RuleProblem[] = [];
  if (fieldPath.trim() === "") problems.push(invalid(field, fieldPath, "must be non-empty if specified"));
  if (hasLineBreak(fieldPath)) problems.push(invalid(field, fieldPath, "must not contain line breaks"));
  if (ruleFieldPath(node, fieldPath) === undefined) problems.push(invalid(field, fieldPath, "must be a valid path"));
  return problems;
}

const required = (field: string, why: string): RuleProblem => ({ field, reason: "FieldValueRequired", message: `Required value: ${why}` });
const invalid = (field: string, value: string, why: string): RuleProblem => ({
  field,
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});
