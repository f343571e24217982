/** An unsigned 64-bit integer; a plain bigint is signed. */
export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time, in nanoseconds since 1970, and how far from UTC it was written. */
export class Timestamp {
  readonly nanoseconds: bigint;
  readonly offsetMinutes: number;

  constructor(nanoseconds: bigint, offsetMinutes = 0) {
    this.nanoseconds = nanoseconds;
    this.offsetMinutes = offsetMinutes;
  }
}

/** A span of time. */
export class Duration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

/** What `type(x)` gives, by cel-go's name of the type. */
export class TypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** `optional.of(x)`, or `optional.none()` when `value` is undefined. */
export class OptionalValue {
  readonly value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

export const noValue = new OptionalValue(undefined);

/** A value of a library's own type, such as a quantity. */
export interface OpaqueValue {
  /** The type's name, such as `kubernetes.Quantity`. */
  readonly opaqueType: string;
  equals(other: OpaqueValue): boolean;
}

/** A list; one that comes from an object turns its items into values when they are read. */
export interface CelList {
  readonly size: number;
  /** The item, 0 <= index < size. */
  at(index: number): CelValue;
  /** Of an `x-kubernetes-list-type: set` or `map`: equal whatever the order, and `+` merges. */
  readonly association?: ListAssociation;
}

/** How items of a set or map list are told apart: by a text that is the same for the same item. */
export interface ListAssociation {
  readonly kind: "set" | "map";
  identity(item: CelValue): string;
}

/** A map, or an object of declared fields. */
export interface CelMap {
  readonly size: number;
  get(key: CelValue): CelValue | undefined;
  keys(): readonly CelValue[];
  /** Objects only: the name of their type. */
  readonly objectType?: string;
}

export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | OptionalValue
  | OpaqueValue
  | CelList
  | CelMap;

export const isList = (value: CelValue): value is CelList =>
  typeof value === "object" && value !== null && "at" in value && !(value instanceof Uint8Array);
export const isMap = (value: CelValue): value is CelMap =>
  typeof value === "object" && value !== null && "keys" in value && !(value instanceof Uint8Array);
export const isOpaque = (value: CelValue): value is OpaqueValue => typeof value === "object" && value !== null && "opaqueType" in value;
