import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";
import { valuesOf } from "./schema-walk.js";

export type FoundField = { readonly names: readonly string[]; readonly schema: JsonSchemaProps } | { readonly problem: string };

const noSuchField = "does not refer to a valid field";

/** The field that a path such as `.spec['a.b']` means within a schema, or why it means none, in Kubernetes' words. */
export function findField(path: string, schema: JsonSchemaProps, { brackets }: { readonly brackets: boolean }): FoundField {
  const tokens = tokensOf(path);
  const names: string[] = [];
  let found = schema;
  for (let index = 0; index < tokens.length; ) {
    const step = stepAt(tokens, index, brackets);
    if ("problem" in step) return step;
    const next = childOf(found, step.name);
    if (next === undefined) return { problem: noSuchField };
    found = next;
    names.push(step.name);
    index = step.next;
  }
  return { names, schema: found };
}

/** The delimiters `.`, `[` and `]`, and the texts between them; quoted text is one token. */
const tokensOf = (path: string): readonly string[] => path.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/g) ?? [];

type Step = { readonly name: string; readonly next: number } | { readonly problem: string };

function stepAt(tokens: readonly string[], index: number, brackets: boolean): Step {
  const [delimiter = "", name, end] = tokens.slice(index, index + 3);
  if (delimiter === ".") return name === undefined ? { problem: "unexpected end of JSON path" } : { name, next: index + 2 };
  if (delimiter !== "[") return { problem: `expected [ or . but got: ${delimiter}` };
  if (!brackets) return { problem: "array notation is not allowed" };
  if (name === undefined) return { problem: "unexpected end of JSON path" };
  if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'")) return { problem: `expected single quoted string but got ${name}` };
  if (end !== "]") return { problem: end === undefined ? "unexpected end of JSON path" : `expected ] but got ${end}` };
  return { name: name.slice(1, -1).replaceAll(/\\(.)/g, "$1"), next: index + 3 };
}

function childOf(schema: JsonSchemaProps, name: string): JsonSchemaProps | undefined {
  const { properties } = schema;
  if (properties === undefined) return valuesOf(schema);
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}
