import type { Cause } from "@dataplane/meta";
import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";
import { required } from "./causes.js";
import { itemsOf, propertiesOf } from "./schema-walk.js";

/** Fields and items that only a value validation names: what is judged must also be declared. */
export function incompleteCauses(schema: JsonSchemaProps, path: string): readonly Cause[] {
  return below(schema, { declared: schema, at: path, seenAt: path });
}

interface Place {
  /** What the schema declares here, value validations aside. */
  readonly declared: JsonSchemaProps;
  readonly at: string;
  /** Where the value validation stands. */
  readonly seenAt: string;
}

function below({ allOf = [], anyOf = [], oneOf = [], not }: JsonSchemaProps, { declared, at, seenAt }: Place): readonly Cause[] {
  const each = (list: readonly JsonSchemaProps[], name: string): readonly Cause[] =>
    list.flatMap((it, index) => validated(it, { declared, at, seenAt: `${seenAt}.${name}[${index}]` }));
  return [
    ...(not === undefined ? [] : validated(not, { declared, at, seenAt: `${seenAt}.not` })),
    ...each(allOf, "allOf"),
    ...each(anyOf, "anyOf"),
    ...each(oneOf, "oneOf"),
  ];
}

function validated(validation: JsonSchemaProps, place: Place): readonly Cause[] {
  const { declared, at, seenAt } = place;
  const items = itemsOf(validation);
  return [
    ...below(validation, place),
    ...(items === undefined ? [] : atPart(items, itemsOf(declared), { at: `${at}.items`, seenAt: `${seenAt}.items` })),
    ...propertiesOf(validation).flatMap(([name, property]) =>
      atPart(property, ownProperty(declared, name), { at: `${at}.properties[${name}]`, seenAt: `${seenAt}.properties[${name}]` }),
    ),
  ];
}

const ownProperty = ({ properties = {} }: JsonSchemaProps, name: string): JsonSchemaProps | undefined =>
  Object.hasOwn(properties, name) ? properties[name] : undefined;

function atPart(validation: JsonSchemaProps, declared: JsonSchemaProps | undefined, { at, seenAt }: Omit<Place, "declared">): readonly Cause[] {
  return declared === undefined ? [required(at, `because it is defined in ${seenAt}`)] : validated(validation, { declared, at, seenAt });
}
