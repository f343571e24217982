import { ApiError, type Cause, type JsonObject, type JsonValue } from "@dataplane/meta";
import { RE2JS } from "re2js";
import { parseTimeRange } from "../service-types/time-range.js";
import { escaped } from "./escapes.js";
import type { QueryParameter } from "./named-query.js";
import type { Values } from "./substitute.js";

/** The values of a run; or what is wrong with them, by fields such as `parameters.job`. */
export type Bound = { readonly values: Values } | { readonly causes: readonly Cause[] };

/** Binds what a caller sent to the parameters; a time becomes milliseconds since the epoch. */
export function bindParameters(parameters: readonly QueryParameter[], sent: JsonObject, now: Date): Bound {
  const known = new Set(parameters.map(({ name }) => name));
  const unknown = Object.keys(sent).filter((name) => !known.has(name));
  const causes: Cause[] = unknown.map((name) => ({
    reason: "FieldValueInvalid",
    field: `parameters.${name}`,
    message: "there is no such parameter",
  }));
  const bound = new Map<string, { readonly whole: JsonValue; readonly text: string }>();
  for (const parameter of parameters) {
    const { name } = parameter;
    const given = Object.hasOwn(sent, name) ? sent[name] : parameter.default;
    const result = given === undefined ? absent(parameter) : valueOf(parameter, given, now);
    if ("problem" in result) causes.push({ reason: "FieldValueInvalid", field: `parameters.${name}`, message: result.problem });
    else bound.set(name, result);
  }
  if (causes.length > 0) return { causes };
  return { values: { whole: (name) => bound.get(name)?.whole ?? null, text: (name) => bound.get(name)?.text ?? "" } };
}

type Result = { readonly whole: JsonValue; readonly text: string } | { readonly problem: string };

const problem = (text: string): Result => ({ problem: text });

const absent = ({ required }: QueryParameter): Result => (required ? problem("required") : { whole: null, text: "" });

/** What is wrong with a value; undefined for one that is right. */
export function valueProblem(parameter: QueryParameter, value: JsonValue, now: Date): string | undefined {
  const result = valueOf(parameter, value, now);
  return "problem" in result ? result.problem : undefined;
}

function valueOf(parameter: QueryParameter, value: JsonValue, now: Date): Result {
  switch (parameter.type) {
    case "string":
      return textValue(parameter, value);
    case "number":
    case "integer":
      return numberValue(parameter, value);
    case "boolean":
      return typeof value === "boolean" ? { whole: value, text: String(value) } : problem("expected true or false");
    case "time":
      return timeValue(value, now);
    case "duration":
      return typeof value === "string" && /^\d{1,9}(?:ms|[smhdwy])$/.test(value)
        ? { whole: value, text: value }
        : problem("expected a duration such as 5m");
  }
}

function textValue({ pattern, enum: allowed, maxLength, escape }: QueryParameter, value: JsonValue): Result {
  if (typeof value !== "string") return problem("expected a text");
  if (value.length > maxLength) return problem(`longer than ${maxLength} characters`);
  if (allowed !== undefined && !allowed.includes(value)) return problem(`expected one of ${allowed.join(", ")}`);
  if (pattern !== undefined && !RE2JS.matches(pattern, value)) return problem(`does not match ${pattern}`);
  // Of a list that the author wrote each is safe as it is.
  const text = escape === undefined ? value : escaped(value, escape);
  return text === undefined ? problem("has a character that cannot be written there") : { whole: value, text };
}

function numberValue({ type, minimum, maximum }: QueryParameter, value: JsonValue): Result {
  if (typeof value !== "number" || !Number.isFinite(value)) return problem("expected a number");
  if (type === "integer" && !Number.isSafeInteger(value)) return problem("expected a whole number");
  if (minimum !== undefined && value < minimum) return problem(`less than ${minimum}`);
  if (maximum !== undefined && value > maximum) return problem(`more than ${maximum}`);
  return { whole: value, text: String(value) };
}

function timeValue(value: JsonValue, now: Date): Result {
  try {
    const { fromEpochMS } = parseTimeRange(value, "now", now);
    return { whole: fromEpochMS, text: String(fromEpochMS) };
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    return problem("expected a time: epoch milliseconds, RFC 3339, or a form such as now-1h");
  }
}
