import type { Cause } from "@dataplane/meta";
import { invalidValue, tooLong, typeInvalid, unfit } from "./field-errors.js";
import { matchesFormat } from "./formats.js";
import { compilePattern } from "./regular-expression.js";
import type { StructuralSchema } from "./structural-schema.js";

/** What the keywords of text say: minLength, maxLength, pattern, format. */
export function textCauses({ minLength, maxLength, pattern, format }: StructuralSchema, value: string, path: string): readonly Cause[] {
  const causes: Cause[] = [];
  const length = minLength === undefined && maxLength === undefined ? 0 : lengthOf(value);
  if (minLength !== undefined && length < minLength) causes.push(unfit(path, value, `should be at least ${minLength} chars long`));
  if (maxLength !== undefined && length > maxLength) causes.push(tooLong(path, maxLength));
  if (pattern !== undefined) causes.push(...patternCauses(pattern, value, path));
  if (format !== undefined && !matchesFormat(format, value)) causes.push({ ...typeInvalid(path, value, format) });
  return causes;
}

/** JSON Schema counts code points. */
function lengthOf(value: string): number {
  let length = 0;
  for (const _ of value) length++;
  return length;
}

function patternCauses(pattern: string, value: string, path: string): readonly Cause[] {
  const compiled = compilePattern(pattern);
  if ("problem" in compiled) return [unfit(path, value, `should match '${pattern}, but pattern is invalid: ${compiled.problem}'`)];
  return compiled.expression.isIn(value) ? [] : [unfit(path, value, `should match '${pattern}'`)];
}

const int32 = { least: -2_147_483_648, most: 2_147_483_647 };
const int64 = { least: -(2 ** 63), most: 2 ** 63 };

/** What the keywords of numbers say: minimum, maximum, multipleOf, format. */
export function numberCauses(schema: StructuralSchema, value: number, path: string): readonly Cause[] {
  return [...rangeCauses(schema, value, path), ...boundCauses(schema, value, path), ...multipleCauses(schema, value, path)];
}

function rangeCauses({ type, format }: StructuralSchema, value: number, path: string): readonly Cause[] {
  if (type !== "integer") return [];
  const { least, most } = format === "int32" ? int32 : int64;
  if (Number.isInteger(value) && value >= least && (value < most || (format === "int32" && value === most))) return [];
  const wish = format === undefined ? "type integer (default format)" : `type integer with format ${format}`;
  return [invalidValue("<nil>", "", `Checked value must be of ${wish} in ${path}`)];
}

function boundCauses(schema: StructuralSchema, value: number, path: string): readonly Cause[] {
  const { exclusiveMinimum, exclusiveMaximum } = schema;
  // Kubernetes holds a whole number against the whole part of a bound.
  const [minimum, maximum] = [schema.minimum, schema.maximum].map((bound) =>
    bound !== undefined && Number.isInteger(value) ? Math.trunc(bound) : bound,
  );
  const causes: Cause[] = [];
  if (maximum !== undefined) {
    const isExclusive = exclusiveMaximum === true;
    if (value > maximum || (isExclusive && value === maximum)) {
      causes.push(unfit(path, value, `should be less than ${isExclusive ? "" : "or equal to "}${maximum}`));
    }
  }
  if (minimum !== undefined) {
    const isExclusive = exclusiveMinimum === true;
    if (value < minimum || (isExclusive && value === minimum)) {
      causes.push(unfit(path, value, `should be greater than ${isExclusive ? "" : "or equal to "}${minimum}`));
    }
  }
  return causes;
}

function multipleCauses({ multipleOf }: StructuralSchema, value: number, path: string): readonly Cause[] {
  if (multipleOf === undefined) return [];
  if (multipleOf <= 0) return [invalidValue(path, value, `factor MultipleOf declared for ${path} must be positive: ${multipleOf}`)];
  const times = multipleOf < 1 ? (1 / multipleOf) * value : value / multipleOf;
  return isNearlyWhole(times) ? [] : [unfit(path, value, `should be a multiple of ${multipleOf}`)];
}

/** Division of decimals leaves a rest far below anything that was meant. */
const isNearlyWhole = (value: number): boolean => Math.abs(value - Math.round(value)) <= 1e-9 * Math.max(1, Math.abs(value));
