import { itemsOf, schemasIn } from "../validation/schema-walk.js";
import type { CustomResourceDefinition, JsonSchemaProps } from "./custom-resource-definition.js";

const stringFormats = new Set(
  "bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13 creditcard ssn hexcolor rgbcolor byte password date duration datetime k8sshortname k8slongname".split(
    " ",
  ),
);

const formats: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["", stringFormats],
  ["string", stringFormats],
  ["integer", new Set(["int32", "int64"])],
  ["number", new Set(["float", "double"])],
]);

/** What a definition may say, and yet should not. */
export function definitionWarnings({ spec }: CustomResourceDefinition): readonly string[] {
  const schemas = spec.versions.flatMap(({ schema }) => [...schemasIn(schema?.openAPIV3Schema)]);
  const unknown = schemas.filter((it) => !isKnownFormat(it)).map(({ format = "" }) => `unrecognized format ${JSON.stringify(format)}`);
  return [...new Set([...unknown, ...schemas.flatMap(setWarnings).toSorted()])];
}

/** Unknown formats check nothing. Dashes do not count. */
function isKnownFormat({ format = "", type = "" }: JsonSchemaProps): boolean {
  const known = formats.get(type);
  if (format === "") return true;
  return known?.has(known === stringFormats ? format.replaceAll("-", "") : format) === true;
}

function setWarnings(schema: JsonSchemaProps): readonly string[] {
  const type = itemsOf(schema)?.type ?? "";
  if (schema["x-kubernetes-list-type"] !== "set" || (type !== "object" && type !== "array")) return [];
  return [`x-kubernetes-list-type: set for items of type "${type}" is not supported by server-side apply or CEL validation rules`];
}
