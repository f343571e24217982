import type { StructuralSchema } from "../../structural-schema.js";

const string: StructuralSchema = { type: "string" };
const identity: Readonly<Record<string, StructuralSchema>> = {
  kind: string,
  apiVersion: string,
  metadata: { type: "object", properties: { name: string, generateName: string } },
};

const roots = new WeakMap<StructuralSchema, StructuralSchema>();

/** A whole or embedded object as rules see it: apiVersion, kind, and of metadata name and generateName alone. */
export function withObjectIdentity(schema: StructuralSchema): StructuralSchema {
  const known = roots.get(schema);
  if (known !== undefined) return known;
  const own = schema.properties?.["metadata"]?.properties ?? {};
  const metadata = { ...identity["metadata"], properties: pick(own) };
  const root: StructuralSchema = { ...schema, type: "object", properties: { ...schema.properties, ...identity, metadata } };
  roots.set(schema, root);
  return root;
}

/** Limits that a definition sets on the two stay known, as they bound the cost of rules. */
const pick = (own: Readonly<Record<string, StructuralSchema>>): Readonly<Record<string, StructuralSchema>> => ({
  name: own["name"]?.type === "string" ? own["name"] : string,
  generateName: own["generateName"]?.type === "string" ? own["generateName"] : string,
});
