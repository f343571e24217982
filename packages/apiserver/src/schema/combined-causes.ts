import type { Cause } from "@dataplane/meta";
import { uncombined } from "./field-errors.js";
import type { StructuralSchema } from "./structural-schema.js";

type CausesOf = (part: StructuralSchema) => readonly Cause[];

/** What allOf, anyOf, oneOf and not say, given what each of their schemas says. */
export function combinedCauses({ allOf, anyOf, oneOf, not }: StructuralSchema, path: string, causesOf: CausesOf): readonly Cause[] {
  const causes: Cause[] = [];
  if (anyOf !== undefined && anyOf.length > 0) causes.push(...anyOfCauses(anyOf, path, causesOf));
  if (oneOf !== undefined && oneOf.length > 0) causes.push(...oneOfCauses(oneOf, path, causesOf));
  if (allOf !== undefined && allOf.length > 0) causes.push(...allOfCauses(allOf, path, causesOf));
  if (not !== undefined && causesOf(not).length === 0) causes.push(uncombined(path, "must not validate the schema (not)"));
  return causes;
}

function anyOfCauses(parts: readonly StructuralSchema[], path: string, causesOf: CausesOf): readonly Cause[] {
  const said: (readonly Cause[])[] = [];
  for (const part of parts) {
    const causes = causesOf(part);
    if (causes.length === 0) return [];
    said.push(causes);
  }
  return [uncombined(path, "must validate at least one schema (anyOf)"), ...nearest(said)];
}

function oneOfCauses(parts: readonly StructuralSchema[], path: string, causesOf: CausesOf): readonly Cause[] {
  const said = parts.map(causesOf);
  const fitting = said.filter((causes) => causes.length === 0).length;
  if (fitting === 1) return [];
  const found = fitting === 0 ? "Found none valid" : `Found ${fitting} valid alternatives`;
  return [uncombined(path, `must validate one and only one schema (oneOf). ${found}`), ...(fitting === 0 ? nearest(said) : [])];
}

function allOfCauses(parts: readonly StructuralSchema[], path: string, causesOf: CausesOf): readonly Cause[] {
  const said = parts.map(causesOf);
  const fitting = said.filter((causes) => causes.length === 0).length;
  if (fitting === parts.length) return [];
  return [...said.flat(), uncombined(path, `must validate all the schemas (allOf)${fitting === 0 ? ". None validated" : ""}`)];
}

/** What the alternative says that fits best. */
const nearest = (said: readonly (readonly Cause[])[]): readonly Cause[] =>
  said.reduce<readonly Cause[] | undefined>((best, causes) => (best === undefined || causes.length < best.length ? causes : best), undefined) ?? [];
