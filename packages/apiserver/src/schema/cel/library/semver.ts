import { maxInt } from "../syntax/numbers.js";
import * as t from "../types/cel-type.js";
import { CelError, noSuchOverload } from "../values/cel-error.js";
import type { CelValue, OpaqueValue } from "../values/cel-value.js";
import { type FunctionTable, global, member, type Overload, text } from "./function-declaration.js";

const type = t.opaque("kubernetes.Semver");

/** A version by Semantic Versioning 2.0.0; what follows "+" means nothing in comparisons. */
class Semver implements OpaqueValue {
  readonly opaqueType = "kubernetes.Semver";
  readonly numbers: readonly bigint[];
  readonly pre: readonly string[];

  constructor(numbers: readonly bigint[], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Semver && compare(this, other) === 0;
  }
}

const numbersForm = /^(\d{1,20})\.(\d{1,20})\.(\d{1,20})$/;
const isIdentifiers = (text: string): boolean => text.split(".").every((identifier) => /^[\dA-Za-z-]+$/.test(identifier));
const hasLeadingZero = (number: string): boolean => /^0\d+$/.test(number);

function parse(value: string): Semver | undefined {
  const [beforeBuild = "", ...build] = value.split("+");
  const [core = "", ...parts] = beforeBuild.split("-");
  const pre = parts.join("-");
  const [, major, minor, patch] = numbersForm.exec(core) ?? [];
  if (major === undefined || minor === undefined || patch === undefined || build.length > 1) return undefined;
  if (![...build, ...(parts.length === 0 ? [] : [pre])].every(isIdentifiers)) return undefined;
  const identifiers = pre === "" ? [] : pre.split(".");
  if ([major, minor, patch, ...identifiers].some(hasLeadingZero)) return undefined;
  if ([major, minor, patch].some((part) => BigInt(part) > maxInt)) return undefined;
  return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], identifiers);
}

/** `v1.2` is `1.2.0`: a "v" is dropped, missing numbers are zero, leading zeros go. */
function normalized(value: string): string {
  const plain = value.replace(/^v/, "");
  const core = /^[\d.]*/.exec(plain)?.[0] ?? "";
  const rest = plain.slice(core.length);
  const numbers = core.split(".").map((number) => number.replace(/^0+(?=\d)/, ""));
  if (numbers.length < 3 && rest !== "") return value;
  while (numbers.length < 3) numbers.push("0");
  return `${numbers.join(".")}${rest}`;
}

function compare(a: Semver, b: Semver): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length);
  for (const [index, identifier] of a.pre.entries()) {
    const other = b.pre[index];
    const order = other === undefined ? 1 : compareIdentifiers(identifier, other);
    if (order !== 0) return order;
  }
  return a.pre.length < b.pre.length ? -1 : 0;
}

/** Numbers by value and below words; words by their bytes. */
function compareIdentifiers(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  const [left, right] = isNumber ? [BigInt(a), BigInt(b)] : [a, b];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function semver(value: CelValue | undefined): Semver {
  if (value instanceof Semver) return value;
  throw noSuchOverload();
}

const read = (value: CelValue | undefined, normalize: CelValue | undefined): Semver | undefined =>
  parse(normalize === true ? normalized(text(value)) : text(value));

function parsed(value: CelValue | undefined, normalize?: CelValue): Semver {
  const found = read(value, normalize);
  if (found === undefined) {
    const isShort = text(value).split(".").length < 3;
    throw new CelError(
      isShort ? "No Major.Minor.Patch elements found" : `Invalid character(s) found in version ${JSON.stringify(text(value).slice(0, 64))}`,
    );
  }
  return found;
}

const number = (index: number): readonly Overload[] => [member([type], t.int, (value) => semver(value).numbers[index] ?? 0n)];

/** Kubernetes' functions of semantic versions. */
export const semverFunctions: FunctionTable = {
  semver: [global([t.string], type, parsed), global([t.string, t.bool], type, parsed)],
  isSemver: [
    global([t.string], t.bool, (value) => read(value, false) !== undefined),
    global([t.string, t.bool], t.bool, (value, normalize) => read(value, normalize) !== undefined),
  ],
  major: number(0),
  minor: number(1),
  patch: number(2),
  isGreaterThan: [member([type, type], t.bool, (a, b) => compare(semver(a), semver(b)) > 0)],
  isLessThan: [member([type, type], t.bool, (a, b) => compare(semver(a), semver(b)) < 0)],
  compareTo: [member([type, type], t.int, (a, b) => BigInt(compare(semver(a), semver(b))))],
};
