import type { StructuralSchema } from "@dataplane/apiserver";

/** Published as a component of its own, to which others refer: it contains itself. */
const component = "x-dataplane-component";

const text = (description: string): StructuralSchema => ({ type: "string", description });
const flag = (description: string): StructuralSchema => ({ type: "boolean", description });
const count = (description: string): StructuralSchema => ({ type: "integer", format: "int64", description });
const number = (description: string): StructuralSchema => ({ type: "number", format: "double", description });
const texts = (description: string): StructuralSchema => ({
  type: "array",
  description,
  items: { type: "string" },
  "x-kubernetes-list-type": "atomic",
});
const anything = (description: string): StructuralSchema => ({ description, "x-kubernetes-preserve-unknown-fields": true });

const validationRule: StructuralSchema = {
  type: "object",
  required: ["rule"],
  properties: {
    rule: text("CEL that is true of a good value: `self` is the value, `oldSelf` what it was before."),
    message: text("What is told when the rule is broken. Required when the rule has line breaks; has none itself."),
    messageExpression: text("CEL that gives the message; goes before `message`."),
    reason: text("FieldValueInvalid, FieldValueForbidden, FieldValueRequired or FieldValueDuplicate; FieldValueInvalid unless told."),
    fieldPath: text("The field that is told to be at fault, relative to the rule's place, such as .foo['bar']."),
    optionalOldSelf: flag("The rule is also asked when there is no old value; `oldSelf` is then an optional."),
  },
};

/**
 * `JSONSchemaProps` of apiextensions.k8s.io/v1 (https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/).
 * Walks over it end with the value, since it contains itself: whoever walks the schema alone stops at its component.
 */
export const jsonSchemaProps: StructuralSchema = recursive();

function recursive(): StructuralSchema {
  const properties: Record<string, StructuralSchema> = {};
  const self: StructuralSchema = {
    type: "object",
    description: "A JSON schema, as far as a CustomResourceDefinition may use it.",
    [component]: "JSONSchemaProps",
    properties,
  };
  const listOf = (description: string): StructuralSchema => ({ type: "array", description, items: self, "x-kubernetes-list-type": "atomic" });
  const mapOf = (description: string): StructuralSchema => ({ type: "object", description, additionalProperties: self });
  // No one type fits them, so none is declared; what is an object is still known field by field.
  const orBool: StructuralSchema = { description: "A schema, or true or false.", [component]: "JSONSchemaPropsOrBool", properties };
  const orList: StructuralSchema = { description: "A schema, or a list of schemas.", [component]: "JSONSchemaPropsOrArray", properties, items: self };
  const orTexts: StructuralSchema = { description: "A schema, or a list of names.", [component]: "JSONSchemaPropsOrStringArray", properties };
  Object.assign(properties, {
    $ref: text("Not supported: schemas are written out."),
    $schema: text("Not supported."),
    additionalItems: orBool,
    additionalProperties: orBool,
    allOf: listOf("Value validations that all hold."),
    anyOf: listOf("Value validations of which at least one holds."),
    default: anything("What an absent field becomes. Needs preserveUnknownFields false."),
    definitions: mapOf("Not supported."),
    dependencies: { type: "object", description: "Not supported.", additionalProperties: orTexts },
    description: text("What it is, for people."),
    enum: { type: "array", description: "The only values there are.", items: anything("A value."), "x-kubernetes-list-type": "atomic" },
    example: anything("An example of a value."),
    exclusiveMaximum: flag("The maximum itself is too much."),
    exclusiveMinimum: flag("The minimum itself is too little."),
    externalDocs: {
      type: "object",
      description: "Where more is written.",
      properties: { description: text("What is found there."), url: text("Where it is.") },
    },
    format: text("The form of a string or number, such as date-time, int32, uuid, ipv4, cidr, byte or duration. Unknown ones are ignored."),
    id: text("Not supported."),
    items: orList,
    maxItems: count("The most items of a list."),
    maxLength: count("The most characters of a string."),
    maxProperties: count("The most fields of an object."),
    maximum: number("The greatest number."),
    minItems: count("The fewest items of a list."),
    minLength: count("The fewest characters of a string."),
    minProperties: count("The fewest fields of an object."),
    minimum: number("The smallest number."),
    multipleOf: number("What a number is a multiple of."),
    not: self,
    nullable: flag("null is a value."),
    oneOf: listOf("Value validations of which exactly one holds."),
    pattern: text("A regular expression that is found in the string."),
    patternProperties: mapOf("Not supported."),
    properties: mapOf("The fields of an object, by name."),
    required: texts("Fields that must be there."),
    title: text("A short name for people."),
    type: text("object, array, string, integer, number or boolean."),
    uniqueItems: flag("Must not be true: use x-kubernetes-list-type set."),
    "x-kubernetes-embedded-resource": flag("The value is an object of the API, with apiVersion, kind and metadata."),
    "x-kubernetes-int-or-string": flag("The value is an integer or a string."),
    "x-kubernetes-list-map-keys": texts("The fields that tell the items of a list of type map apart."),
    "x-kubernetes-list-type": text("How a list is merged: atomic, set or map. atomic unless told."),
    "x-kubernetes-map-type": text("How an object is merged: granular or atomic. granular unless told."),
    "x-kubernetes-preserve-unknown-fields": flag("Fields that the schema does not name are kept. true or absent."),
    "x-kubernetes-validations": {
      type: "array",
      description: "Rules in CEL.",
      items: validationRule,
      // Merged by rule, it is said, and yet one rule may stand there twice; versions are never merged.
      "x-kubernetes-list-type": "atomic",
    },
  });
  return self;
}
