import { type ApiField, apiMessage } from "../protobuf/api-message.js";
import { objectMetaSchema } from "../schema/object-meta-schema.js";
import type { StructuralSchema } from "../schema/structural-schema.js";

const intOrString: StructuralSchema = { "x-kubernetes-int-or-string": true };
const anything: StructuralSchema = { "x-kubernetes-preserve-unknown-fields": true };

/** What is not in JSON what it is in protobuf. */
const special: Readonly<Record<string, StructuralSchema>> = {
  string: { type: "string" },
  int: { type: "integer", format: "int64" },
  bool: { type: "boolean" },
  double: { type: "number", format: "double" },
  bytes: { type: "string", format: "byte" },
  "meta.v1.Time": { type: "string", format: "date-time" },
  "meta.v1.MicroTime": { type: "string", format: "date-time" },
  "meta.v1.ObjectMeta": objectMetaSchema,
  "meta.v1.FieldsV1": { type: "object", ...anything },
  "runtime.RawExtension": { type: "object", ...anything },
  "resource.Quantity": intOrString,
  "intstr.IntOrString": intOrString,
  "authentication.v1.ExtraValue": { type: "array", items: { type: "string" } },
  "authorization.v1.ExtraValue": { type: "array", items: { type: "string" } },
};

const made = new Map<string, StructuralSchema>();

/** The schema of a Kubernetes API message such as `core.v1.PodSpec`. Messages that contain themselves are not meant. */
export function messageSchema(name: string): StructuralSchema {
  const known = special[name] ?? made.get(name);
  if (known !== undefined) return known;
  const properties = propertiesOf(name);
  // One without fields has no list of them: clients do not tell an empty list from none.
  const schema: StructuralSchema = { type: "object", ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }) };
  made.set(name, schema);
  return schema;
}

/** What fields are for, by their paths, such as `spec.type`: `kubectl explain` shows it. */
export type FieldWords = Readonly<Record<string, string>>;

/** The schema of a kind, as a ResourceDefinition has it: without metadata. */
export function kindSchema(name: string, words: FieldWords = {}): StructuralSchema {
  const schema: StructuralSchema = { type: "object", properties: Object.fromEntries(propertiesOf(name).filter(([key]) => key !== "metadata")) };
  return Object.entries(words).reduce((described, [path, text]) => withDescription(described, path.split("."), text), schema);
}

function withDescription(schema: StructuralSchema, path: readonly string[], description: string): StructuralSchema {
  const [key, ...rest] = path;
  if (key === undefined) return { ...schema, description };
  const field = schema.properties?.[key];
  if (field === undefined) throw new Error(`there is no field ${key} to describe`);
  return { ...schema, properties: { ...schema.properties, [key]: withDescription(field, rest, description) } };
}

function propertiesOf(name: string): readonly (readonly [string, StructuralSchema])[] {
  return Object.entries(apiMessage(name)).flatMap(([key, field]) =>
    field.inline === true ? propertiesOf(field.type) : [[key, fieldSchema(field)] as const],
  );
}

function fieldSchema(field: ApiField): StructuralSchema {
  const value = messageSchema(field.type);
  if (field.map === true) return { type: "object", additionalProperties: value, ...mapMarkers(field) };
  if (field.repeated === true) return { type: "array", items: withRequiredKeys(value, field.listMapKeys), ...listMarkers(field) };
  const initial = field.default === undefined ? {} : { default: field.default };
  return { ...value, ...initial, ...mapMarkers(field), ...patchMarkers(field) };
}

/** Keys by which items are told apart may have defaults: those are in the schema of the field. */
const withRequiredKeys = (items: StructuralSchema, keys: readonly string[] | undefined): StructuralSchema => {
  const needed = keys?.filter((key) => items.properties?.[key]?.default === undefined) ?? [];
  return needed.length === 0 ? items : { ...items, required: needed };
};

const listMarkers = ({ listType, listMapKeys, ...rest }: ApiField): StructuralSchema => ({
  ...(listType === undefined ? {} : { "x-kubernetes-list-type": listType }),
  ...(listMapKeys === undefined ? {} : { "x-kubernetes-list-map-keys": listMapKeys }),
  ...patchMarkers(rest),
});

const mapMarkers = ({ mapType }: ApiField): StructuralSchema => (mapType === undefined ? {} : { "x-kubernetes-map-type": mapType });

const patchMarkers = ({ patchStrategy, patchMergeKey }: ApiField): StructuralSchema => ({
  ...(patchStrategy === undefined ? {} : { "x-kubernetes-patch-strategy": patchStrategy }),
  ...(patchMergeKey === undefined ? {} : { "x-kubernetes-patch-merge-key": patchMergeKey }),
});
