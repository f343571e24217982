/** A 64-bit integer as protobufjs reads it where the library `long` is there. */
interface Long {
  toNumber(): number;
}

type Decoded = Readonly<Record<string, unknown>>;

/**
 * A message decoded by protobufjs as a plain object: every scalar, list and map is there, absent messages are left out, 64-bit integers
 * are numbers, and maps are records without a prototype, so that a key such as `__proto__` is only a key.
 */
export function plainObject(message: object): object {
  const source = message as Decoded;
  const plain: Record<string, unknown> = {};
  for (const field of fieldsOf(message)) {
    const value = plainValue(source[field]);
    if (value !== undefined) plain[field] = value;
  }
  return plain;
}

function plainValue(value: unknown): unknown {
  if (typeof value !== "object") return value;
  if (value === null) return undefined;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(plainValue);
  if (isLong(value)) return value.toNumber();
  return isMap(value) ? plainMap(value) : plainObject(value);
}

function plainMap(map: object): object {
  const plain: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(map)) plain[key] = plainValue(value);
  return plain;
}

// protobufjs makes maps from object literals and messages from its own constructors.
function isMap(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const isLong = (value: object): value is Long => "toNumber" in value && typeof value.toNumber === "function";

const fieldsByPrototype = new WeakMap<object, readonly string[]>();

/** Names of a message's fields: its prototype holds the zero value of each. */
function fieldsOf(message: object): readonly string[] {
  const prototype = Object.getPrototypeOf(message) as Decoded;
  const known = fieldsByPrototype.get(prototype);
  if (known !== undefined) return known;
  const fields = Object.keys(prototype).filter((name) => typeof prototype[name] !== "function");
  fieldsByPrototype.set(prototype, fields);
  return fields;
}
