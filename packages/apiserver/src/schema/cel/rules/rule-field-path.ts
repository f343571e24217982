import type { StructuralSchema } from "../../structural-schema.js";

const token = /\.([^.[\]']+)|\['((?:[^'\\]|\\.)*)'\]/y;

const escapes = new Map(Object.entries({ a: "\u0007", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "'": "'", "\\": "\\" }));

/** A rule's `fieldPath`, such as `.spec.labels['a.b']`, as causes show it: `spec.labels[a.b]`; undefined when the schema has no such field. */
export function ruleFieldPath(schema: StructuralSchema, path: string): string | undefined {
  let current = schema;
  let shown = "";
  for (let at = 0; at < path.length; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(path);
    const name: string | undefined = match === null ? undefined : (match[1] ?? unescaped(match[2] ?? ""));
    if (name === undefined) return undefined;
    const isNamed = current.properties !== undefined;
    const child = childOf(current, name);
    if (child === undefined) return undefined;
    current = child;
    if (isNamed) shown += shown === "" ? name : `.${name}`;
    else shown += `[${name}]`;
  }
  return shown;
}

function childOf({ properties, additionalProperties }: StructuralSchema, name: string): StructuralSchema | undefined {
  if (properties !== undefined) return Object.hasOwn(properties, name) ? properties[name] : undefined;
  return schemaOf(additionalProperties);
}

const schemaOf = (additional: StructuralSchema["additionalProperties"]): StructuralSchema | undefined =>
  typeof additional === "object" ? additional : undefined;

function unescaped(text: string): string | undefined {
  const parts = text.split(/\\(.)/s);
  const made = parts.map((part, index) => (index % 2 === 0 ? part : escapes.get(part)));
  return made.includes(undefined) ? undefined : made.join("");
}
