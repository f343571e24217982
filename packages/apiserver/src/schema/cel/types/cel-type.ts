/** A type of CEL as its checker knows it. */
export type CelType =
  | { readonly kind: "dyn" | "bool" | "int" | "uint" | "double" | "string" | "bytes" | "null" | "timestamp" | "duration" | "error" }
  | { readonly kind: "list" | "optional" | "type"; readonly of: CelType }
  | { readonly kind: "map"; readonly key: CelType; readonly value: CelType }
  | ObjectType
  | { readonly kind: "opaque"; readonly name: string }
  | { readonly kind: "param"; readonly name: string };

/** An object of declared fields; equal to itself only, by its name. */
export interface ObjectType {
  readonly kind: "object";
  readonly name: string;
  readonly fields: ReadonlyMap<string, CelType>;
}

export const dyn: CelType = { kind: "dyn" };
export const bool: CelType = { kind: "bool" };
export const int: CelType = { kind: "int" };
export const uint: CelType = { kind: "uint" };
export const double: CelType = { kind: "double" };
export const string: CelType = { kind: "string" };
export const bytes: CelType = { kind: "bytes" };
export const nullType: CelType = { kind: "null" };
export const timestamp: CelType = { kind: "timestamp" };
export const duration: CelType = { kind: "duration" };
export const errorType: CelType = { kind: "error" };
export const list = (of: CelType): CelType => ({ kind: "list", of });
export const optional = (of: CelType): CelType => ({ kind: "optional", of });
export const typeOf = (of: CelType): CelType => ({ kind: "type", of });
export const map = (key: CelType, value: CelType): CelType => ({ kind: "map", key, value });
export const opaque = (name: string): CelType => ({ kind: "opaque", name });
export const param = (name: string): CelType => ({ kind: "param", name });

/** The type as cel-go prints it in its messages, such as `map(string, list(int))`. */
export function shownType(type: CelType): string {
  if (type.kind === "list" || type.kind === "type") return `${type.kind}(${shownType(type.of)})`;
  if (type.kind === "optional") return `optional_type(${shownType(type.of)})`;
  if (type.kind === "map") return `map(${shownType(type.key)}, ${shownType(type.value)})`;
  if (type.kind === "object" || type.kind === "opaque" || type.kind === "param") return type.name;
  return type.kind === "error" ? "!error!" : type.kind;
}

/** The type with what it consists of changed: the items of a list, the keys and values of a map. */
export function withParts(type: CelType, change: (part: CelType) => CelType): CelType {
  if (type.kind === "list" || type.kind === "optional" || type.kind === "type") return { kind: type.kind, of: change(type.of) };
  return type.kind === "map" ? map(change(type.key), change(type.value)) : type;
}

/** The name that `type(x) == name` compares. */
export function runtimeName(type: CelType): string {
  if (type.kind === "null") return "null_type";
  if (type.kind === "optional") return "optional_type";
  if (type.kind === "timestamp") return "google.protobuf.Timestamp";
  if (type.kind === "duration") return "google.protobuf.Duration";
  return type.kind === "list" || type.kind === "map" || type.kind === "type" ? type.kind : shownType(type);
}
