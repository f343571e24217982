import { type CelValue, Duration, isList, isMap, isOpaque, OptionalValue, Timestamp, TypeValue, Uint } from "./cel-value.js";

/** The name of a value's type, as `type(x)` shows it. */
export function typeNameOf(value: CelValue): string {
  const primitive = primitives.get(typeof value);
  if (primitive !== undefined) return primitive;
  if (value === null) return "null_type";
  if (value instanceof Uint8Array) return "bytes";
  const known = classes.find(([made]) => value instanceof made);
  if (known !== undefined) return known[1];
  if (isOpaque(value)) return value.opaqueType;
  if (isList(value)) return "list";
  return isMap(value) ? (value.objectType ?? "map") : "dyn";
}

const primitives: ReadonlyMap<string, string> = new Map([
  ["boolean", "bool"],
  ["bigint", "int"],
  ["number", "double"],
  ["string", "string"],
]);

const classes = [
  [Uint, "uint"],
  [Timestamp, "google.protobuf.Timestamp"],
  [Duration, "google.protobuf.Duration"],
  [TypeValue, "type"],
  [OptionalValue, "optional_type"],
] as const;
