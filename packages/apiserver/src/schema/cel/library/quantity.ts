import * as t from "../types/cel-type.js";
import { CelError, noSuchOverload } from "../values/cel-error.js";
import type { CelValue, OpaqueValue } from "../values/cel-value.js";
import { type FunctionTable, global, member, type Overload, text, whole } from "./function-declaration.js";
import { checkedInt } from "./operators.js";

const type = t.opaque("kubernetes.Quantity");

/** A number with a suffix (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/): `value` / 10^9. */
class Quantity implements OpaqueValue {
  readonly opaqueType = "kubernetes.Quantity";
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Quantity && other.nanos === this.nanos;
  }
}

const nano = 1_000_000_000n;

const multipliers: ReadonlyMap<string, readonly [bigint, bigint]> = new Map([
  ["n", [1n, nano]],
  ["u", [1000n, nano]],
  ["m", [1_000_000n, nano]],
  ["", [1n, 1n]],
  ...["k", "M", "G", "T", "P", "E"].map((suffix, index): [string, [bigint, bigint]] => [suffix, [1000n ** BigInt(index + 1), 1n]]),
  ...["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, index): [string, [bigint, bigint]] => [suffix, [1024n ** BigInt(index + 1), 1n]]),
]);

const number = /^([+-]?)(\d{0,40})(?:\.(\d{0,40}))?/;
const exponentForm = /^[eE]([+-]?\d{1,3})$/;

/** Undefined for a text that is none. What is finer than a billionth is rounded up, away from zero. */
function parse(value: string): Quantity | undefined {
  const [read = "", sign, whole = "", fraction = ""] = number.exec(value) ?? [];
  const ending = value.slice(read.length);
  const exponent = exponentForm.exec(ending)?.[1];
  const suffix = exponent === undefined ? ending : "";
  const factor = multipliers.get(suffix);
  if (sign === undefined || whole + fraction === "" || factor === undefined) return undefined;
  const power = Number(exponent ?? "0") - fraction.length;
  if (Math.abs(power) > 64) return undefined;
  const digits = BigInt(whole + fraction) * factor[0] * nano;
  const divisor = factor[1] * 10n ** BigInt(Math.max(0, -power));
  const scaled = digits * 10n ** BigInt(Math.max(0, power));
  const nanos = (scaled + divisor - 1n) / divisor;
  return new Quantity(sign === "-" ? -nanos : nanos);
}

function quantity(value: CelValue | undefined): Quantity {
  if (value instanceof Quantity) return value;
  throw noSuchOverload();
}

function parsed(value: CelValue | undefined): Quantity {
  const found = parse(text(value));
  if (found === undefined) {
    throw new CelError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  return found;
}

function asInteger(value: Quantity): bigint {
  if (value.nanos % nano !== 0n) throw new CelError("cannot convert value to integer");
  return checkedInt(value.nanos / nano);
}

const isInteger = ({ nanos }: Quantity): boolean => nanos % nano === 0n && nanos / nano >= -(2n ** 63n) && nanos / nano < 2n ** 63n;

const signOf = (nanos: bigint): bigint => (nanos < 0n ? -1n : nanos > 0n ? 1n : 0n);

/** With another quantity, or with an integer. */
const arithmetic = (run: (a: bigint, b: bigint) => bigint): readonly Overload[] => [
  member([type, type], type, (a, b) => new Quantity(run(quantity(a).nanos, quantity(b).nanos))),
  member([type, t.int], type, (a, b) => new Quantity(run(quantity(a).nanos, whole(b) * nano))),
];

/** Kubernetes' functions of quantities. */
export const quantityFunctions: FunctionTable = {
  quantity: [global([t.string], type, parsed)],
  isQuantity: [global([t.string], t.bool, (value) => parse(text(value)) !== undefined)],
  sign: [member([type], t.int, (value) => signOf(quantity(value).nanos))],
  isInteger: [member([type], t.bool, (value) => isInteger(quantity(value)))],
  asInteger: [member([type], t.int, (value) => asInteger(quantity(value)))],
  asApproximateFloat: [member([type], t.double, (value) => Number(`${quantity(value).nanos}e-9`))],
  isGreaterThan: [member([type, type], t.bool, (a, b) => quantity(a).nanos > quantity(b).nanos)],
  isLessThan: [member([type, type], t.bool, (a, b) => quantity(a).nanos < quantity(b).nanos)],
  compareTo: [member([type, type], t.int, (a, b) => signOf(quantity(a).nanos - quantity(b).nanos))],
  add: arithmetic((a, b) => a + b),
  sub: arithmetic((a, b) => a - b),
};
