import type { JsonObject, JsonValue } from "@dataplane/meta";
import type { Random } from "../testing/random.js";
import { celText } from "./cel-texts.js";
import { hostileKeys, hostileStrings, hostileValue } from "./hostile-values.js";
import { mutatedOften } from "./mutate.js";
import { widgetsDefinition } from "./seed-objects.js";

const patterns: readonly [string, ...string[]] = [
  "^(a+)+$",
  "(",
  "[",
  "\\p{L}",
  "(?<n>a)\\k<n>",
  "a{1000}",
  "(a{1000}){1000}",
  "(?=a)",
  "^$",
  "(x+x+)+y",
  "\\",
  "\u0000",
];
const formats: readonly [string, ...string[]] = [
  "date-time",
  "date",
  "email",
  "ipv4",
  "ipv6",
  "uri",
  "uuid",
  "byte",
  "int32",
  "duration",
  "cidr",
  "password",
  "bsonobjectid",
  "nope",
  "__proto__",
];

type Keyword = (random: Random, depth: number) => readonly [string, JsonValue];

const keywords: readonly [Keyword, ...Keyword[]] = [
  (random) => ["pattern", random.pick(patterns)],
  (random) => ["format", random.pick(formats)],
  (random) => ["default", hostileValue(random)],
  (random) => ["enum", [hostileValue(random), hostileValue(random)]],
  (random) => ["nullable", random.chance(0.5)],
  (random) => ["minimum", random.pick([0, -1, 1e300, 1.5])],
  (random) => ["maximum", random.pick([0, -1, 1e300, 1.5])],
  (random) => ["multipleOf", random.pick([0, -1, 0.1, 3])],
  (random) => ["maxLength", random.pick([0, -1, 5, 2 ** 53])],
  (random) => ["maxItems", random.pick([0, -1, 5, 2 ** 53])],
  (random) => ["uniqueItems", random.chance(0.5)],
  (random) => ["required", [random.pick(hostileKeys)]],
  (random) => ["x-kubernetes-preserve-unknown-fields", random.chance(0.8)],
  (random) => ["x-kubernetes-embedded-resource", random.chance(0.8)],
  (random) => ["x-kubernetes-int-or-string", random.chance(0.8)],
  (random) => ["x-kubernetes-list-type", random.pick(["map", "set", "atomic", "x"])],
  (random) => ["x-kubernetes-map-type", random.pick(["granular", "atomic", "x"])],
  () => ["x-kubernetes-list-map-keys", ["name"]],
  (random) => ["x-kubernetes-validations", [{ rule: celText(random), ...(random.chance(0.2) ? { message: random.pick(hostileStrings) } : {}) }]],
  (random, depth) => ["additionalProperties", random.chance(0.3) ? true : schema(random, depth - 1)],
  (random, depth) => ["items", schema(random, depth - 1)],
  (random, depth) => ["not", schema(random, depth - 1)],
  (random, depth) => [random.pick(["allOf", "anyOf", "oneOf"]), [schema(random, depth - 1), schema(random, depth - 1)]],
  (random) => [
    random.pick(["$ref", "definitions", "dependencies", "patternProperties", "additionalItems", "title", "example", "id"]),
    hostileValue(random),
  ],
];

const own: Keyword = (random, depth) => [
  "properties",
  Object.fromEntries(
    Array.from({ length: random.below(4) }, () => [
      random.chance(0.5) ? random.pick(["a", "b", "name", "spec"]) : random.pick(hostileKeys),
      schema(random, depth - 1),
    ]),
  ),
];

/** What schemas may say, together as it happens. */
function schema(random: Random, depth: number): JsonObject {
  if (depth <= 0) return { type: random.pick(["string", "integer", "object", "array", "number", "boolean"]) };
  const type = random.pick(["object", "object", "array", "string", "integer", "number", "boolean", "x"]);
  const said = Array.from({ length: random.below(3) }, () => random.pick(keywords)(random, depth));
  const children = type === "object" ? [own(random, depth)] : type === "array" ? [["items", schema(random, depth - 1)] as const] : [];
  return Object.fromEntries([...(random.chance(0.95) ? [["type", type] as const] : []), ...children, ...said]);
}

/** A definition with such a schema, of one of a few names; or a sound one with places changed. */
export function hostileDefinition(random: Random): JsonValue {
  const plural = `fuzz${random.below(4)}s`;
  const names = { plural, kind: `Fuzz${plural.slice(4, 5)}` };
  const version = (name: string, storage: boolean): JsonObject => ({
    ...{ name, served: true, storage, schema: { openAPIV3Schema: { type: "object", properties: { spec: schema(random, 4) } } } },
    ...(random.chance(0.2)
      ? {
          additionalPrinterColumns: [
            { name: "a", type: "string", jsonPath: random.pick([".spec.a", "..", "[", ".a[?(@.b==1)]", "{.a}", "$", ".spec['a']"]) },
          ],
        }
      : {}),
    ...(random.chance(0.1) ? { selectableFields: [{ jsonPath: random.pick([".spec.a", ".spec.__proto__", ".metadata.name", ".."]) }] } : {}),
  });
  const versions = random.chance(0.3) ? [version("v1", true), version("v2beta1", false)] : [version("v1", true)];
  const made = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.fuzz.example.com` },
    spec: { group: "fuzz.example.com", names, scope: "Namespaced", versions },
  };
  return random.chance(0.35) ? mutatedOften(random.chance(0.5) ? widgetsDefinition : made, random) : made;
}
