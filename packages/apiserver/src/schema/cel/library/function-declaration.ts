import type { CelType } from "../types/cel-type.js";
import { noSuchOverload } from "../values/cel-error.js";
import { type CelList, type CelValue, Duration, isList, isMap, isOpaque, OptionalValue, Timestamp, TypeValue, Uint } from "../values/cel-value.js";

/** One form of a function: which types it takes, and what it does. */
export interface Overload {
  readonly isMember: boolean;
  /** The receiver first, when it is a member. */
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** Throws CelError. The arguments have the declared kinds. */
  readonly run: Run;
}

export type Run = (...args: readonly CelValue[]) => CelValue;

/** Functions by name; a qualified one such as `sets.contains` has its dots in the name. */
export type FunctionTable = Readonly<Record<string, readonly Overload[]>>;

export const member = (params: readonly CelType[], result: CelType, run: Run): Overload => ({ isMember: true, params, result, run });
export const global = (params: readonly CelType[], result: CelType, run: Run): Overload => ({ isMember: false, params, result, run });

/** The value of one argument, for sure of its kind: in a dyn expression only the run can tell. */
export function text(value: CelValue | undefined): string {
  if (typeof value === "string") return value;
  throw noSuchOverload();
}

export function whole(value: CelValue | undefined): bigint {
  if (typeof value === "bigint") return value;
  throw noSuchOverload();
}

export function listArgument(value: CelValue | undefined): CelList {
  if (value !== undefined && isList(value)) return value;
  throw noSuchOverload();
}

export function some(value: CelValue | undefined): CelValue {
  if (value !== undefined) return value;
  throw noSuchOverload();
}

/** Whether a value may be an argument of this type; what is inside a list or map is not looked at. */
export function accepts(type: CelType, value: CelValue): boolean {
  if (type.kind === "object") return isMap(value) && value.objectType === type.name;
  if (type.kind === "opaque") return isOpaque(value) && value.opaqueType === type.name;
  return ofKind[type.kind](value);
}

const any = (): boolean => true;

const ofKind: Readonly<Record<Exclude<CelType["kind"], "object" | "opaque">, (value: CelValue) => boolean>> = {
  bool: (value) => typeof value === "boolean",
  int: (value) => typeof value === "bigint",
  uint: (value) => value instanceof Uint,
  double: (value) => typeof value === "number",
  string: (value) => typeof value === "string",
  bytes: (value) => value instanceof Uint8Array,
  null: (value) => value === null,
  timestamp: (value) => value instanceof Timestamp,
  duration: (value) => value instanceof Duration,
  optional: (value) => value instanceof OptionalValue,
  type: (value) => value instanceof TypeValue,
  list: isList,
  map: (value) => isMap(value) && value.objectType === undefined,
  dyn: any,
  param: any,
  error: any,
};

/** Whether the overload takes these values. */
export const takes = ({ params }: Overload, values: readonly CelValue[]): boolean =>
  params.length === values.length && params.every((type, index) => accepts(type, values[index] ?? null));
