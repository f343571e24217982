import type { FunctionTable, Overload } from "../library/function-declaration.js";
import { CelIssue } from "../syntax/cel-issue.js";
import type { Call, Comprehension, Expression, Select } from "../syntax/expression.js";
import { type CelValue, TypeValue, Uint } from "../values/cel-value.js";
import type { CelType } from "./cel-type.js";
import * as t from "./cel-type.js";
import type { Checked, ResolvedCall } from "./checked.js";
import { Substitution } from "./substitution.js";
import { typeIdentifiers } from "./type-identifiers.js";

export interface Declarations {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly functions: FunctionTable;
}

export type CheckResult = { readonly checked: Checked } | { readonly issues: readonly CelIssue[] };

/** Finds the type of each part of the expression, or what is wrong with it, in cel-go's words. */
export function checkExpression(expression: Expression, declarations: Declarations): CheckResult {
  const checker = new Checker(declarations);
  const type = checker.check(expression, new Map());
  return checker.issues.length > 0 ? { issues: checker.issues } : { checked: checker.result(expression, type) };
}

/** More are not told. */
const mostIssues = 20;

type Scope = ReadonlyMap<string, CelType>;

class Checker {
  readonly issues: CelIssue[] = [];
  readonly #declarations: Declarations;
  readonly #types = new Map<Expression, CelType>();
  readonly #calls = new Map<Call, ResolvedCall>();
  readonly #typeNames = new Map<Expression, TypeValue>();
  readonly #variables = new Set<string>();
  readonly #bindings = new Substitution();
  #fresh = 0;

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
  }

  result(expression: Expression, type: CelType): Checked {
    const types = new Map([...this.#types].map(([at, found]) => [at, this.#bindings.applied(found, "dyn")]));
    return {
      expression,
      type: this.#bindings.applied(type, "dyn"),
      types,
      calls: this.#calls,
      typeNames: this.#typeNames,
      variables: this.#variables,
    };
  }

  check(expression: Expression, scope: Scope): CelType {
    const type = this.#typeOf(expression, scope);
    this.#types.set(expression, type);
    return type;
  }

  #typeOf(expression: Expression, scope: Scope): CelType {
    switch (expression.kind) {
      case "literal":
        return literalType(expression.value);
      case "ident":
        return this.#ident(expression, expression.name, scope);
      case "select":
        return this.#select(expression, scope);
      case "call":
        return this.#call(expression, scope);
      case "list":
        return t.list(this.#common(expression.elements, scope));
      case "map": {
        const keys = expression.entries.map(({ key }) => ({ value: key, isOptional: false }));
        return t.map(this.#common(keys, scope), this.#common(expression.entries, scope));
      }
      case "message":
        return this.#wrong(`undeclared reference to '${expression.typeName}' (in container '')`, expression.at);
      case "comprehension":
        return this.#comprehension(expression, scope);
    }
  }

  #ident(expression: Expression, name: string, scope: Scope): CelType {
    const known = this.#lookUp(expression, name, scope);
    return known ?? this.#wrong(`undeclared reference to '${name}' (in container '')`, expression.at);
  }

  #lookUp(expression: Expression, name: string, scope: Scope): CelType | undefined {
    const local = scope.get(name);
    if (local !== undefined) return local;
    const declared = this.#declarations.variables.get(name);
    if (declared !== undefined) {
      this.#variables.add(name);
      return declared;
    }
    const named = typeIdentifiers.get(name);
    if (named === undefined) return undefined;
    this.#typeNames.set(expression, new TypeValue(t.runtimeName(named)));
    return t.typeOf(named);
  }

  #select(expression: Select, scope: Scope): CelType {
    const qualified = expression.isTest ? undefined : dottedName(expression);
    const named = qualified === undefined || isShadowed(qualified, scope) ? undefined : this.#lookUp(expression, qualified, scope);
    if (named !== undefined) return named;
    const operand = this.#bindings.applied(this.check(expression.operand, scope));
    const field = this.#field(operand, expression.field, expression.at);
    return expression.isTest ? t.bool : field;
  }

  #field(operand: CelType, name: string, at: number): CelType {
    if (operand.kind === "map") return operand.value;
    if (operand.kind === "object") return operand.fields.get(name) ?? this.#wrong(`undefined field '${name}'`, at);
    if (operand.kind === "optional") return t.optional(this.#field(this.#bindings.applied(operand.of), name, at));
    if (operand.kind === "dyn" || operand.kind === "error" || operand.kind === "param") return t.dyn;
    return this.#wrong(`type '${t.shownType(operand)}' does not support field selection`, at);
  }

  #call(expression: Call, scope: Scope): CelType {
    const { name, target, args, at } = expression;
    if (name === "_?._") return this.#optionalSelect(expression, scope);
    const qualifier = target === undefined ? undefined : dottedName(target);
    const qualified = qualifier === undefined || isShadowed(qualifier, scope) ? undefined : this.#overloads(`${qualifier}.${name}`, false);
    if (qualified !== undefined) return this.#resolve(expression, { name: `${qualifier}.${name}`, args, overloads: qualified }, scope);
    const overloads = this.#overloads(name, target !== undefined);
    const all = target === undefined ? args : [target, ...args];
    if (overloads !== undefined) return this.#resolve(expression, { name, args: all, overloads }, scope);
    for (const argument of all) this.check(argument, scope);
    if (Object.hasOwn(this.#declarations.functions, name)) return this.#noOverload(expression, name, all);
    return this.#wrong(`undeclared reference to '${name}' (in container '')`, at);
  }

  #overloads(name: string, isMember: boolean): readonly Overload[] | undefined {
    if (!Object.hasOwn(this.#declarations.functions, name)) return undefined;
    const found = this.#declarations.functions[name]?.filter((overload) => overload.isMember === isMember) ?? [];
    return found.length === 0 ? undefined : found;
  }

  #resolve(expression: Call, { name, args, overloads }: ResolvedCall, scope: Scope): CelType {
    const found = args.map((argument) => this.check(argument, scope));
    if (name === "_&&_" || name === "_||_") return this.#logical(expression, { name, args, overloads }, found);
    const fitting: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of overloads) {
      const { mark } = this.#bindings;
      const { params, result: returned } = this.#instance(overload);
      if (params.length !== found.length || !params.every((to, index) => this.#bindings.assign(found[index] ?? t.errorType, to))) {
        this.#bindings.undo(mark);
        continue;
      }
      fitting.push(overload);
      const type = this.#bindings.applied(returned);
      if (result !== undefined) this.#bindings.undo(mark);
      result = result === undefined || t.shownType(result) === t.shownType(type) ? type : t.dyn;
    }
    this.#calls.set(expression, { name, args, overloads: fitting });
    return result ?? this.#noOverload(expression, name, args);
  }

  /** cel-go says of each operand what is wrong with it. */
  #logical(expression: Call, resolved: ResolvedCall, found: readonly CelType[]): CelType {
    for (const [index, { at }] of resolved.args.entries()) {
      const type = this.#bindings.applied(found[index] ?? t.errorType);
      if (!this.#bindings.assign(type, t.bool)) this.#wrong(`expected type 'bool' but found '${t.shownType(type)}'`, at);
    }
    this.#calls.set(expression, resolved);
    return t.bool;
  }

  #instance({ params, result }: Overload): { readonly params: readonly CelType[]; readonly result: CelType } {
    const suffix = `%${this.#fresh++}`;
    return { params: params.map((type) => renamed(type, suffix)), result: renamed(result, suffix) };
  }

  #noOverload(expression: Call, name: string, args: readonly Expression[]): CelType {
    const found = args.map((argument) => this.#bindings.applied(this.#types.get(argument) ?? t.errorType));
    if (found.some(({ kind }) => kind === "error")) return t.errorType;
    const [first, ...rest] = found.map(t.shownType);
    const isMember = expression.target !== undefined && args.length > expression.args.length;
    const applied = isMember ? `${first ?? ""}.(${rest.join(", ")})` : `(${found.map(t.shownType).join(", ")})`;
    return this.#wrong(`found no matching overload for '${name}' applied to '${applied}'`, expression.at);
  }

  #optionalSelect({ args: [operand, field], at }: Call, scope: Scope): CelType {
    if (operand === undefined || field?.kind !== "literal") return t.errorType;
    this.#types.set(field, t.string);
    const from = this.#bindings.applied(this.check(operand, scope));
    const inner = this.#field(
      from.kind === "optional" ? this.#bindings.applied(from.of) : from,
      typeof field.value === "string" ? field.value : "",
      at,
    );
    return t.optional(inner);
  }

  /** The one type of all elements. */
  #common(elements: readonly { readonly value: Expression; readonly isOptional: boolean }[], scope: Scope): CelType {
    let common: CelType | undefined;
    for (const { value, isOptional } of elements) {
      const found = this.#bindings.applied(this.check(value, scope));
      if (isOptional && found.kind !== "optional" && found.kind !== "dyn") {
        this.#wrong(`expected type 'optional_type' but found '${t.shownType(found)}'`, value.at);
      }
      const type = isOptional && found.kind === "optional" ? found.of : found;
      common = common === undefined ? type : this.#joined(common, type);
    }
    return common ?? t.param(`element%${this.#fresh++}`);
  }

  /** What mixes is dyn here; that literals must not mix is told when all else is right. */
  #joined(common: CelType, type: CelType): CelType {
    if (common.kind === "dyn" || type.kind === "dyn") return t.dyn;
    const { mark } = this.#bindings;
    // In this order: the new one is bound to the first, and no chain grows.
    if (this.#bindings.assign(common, type)) return this.#bindings.applied(common);
    this.#bindings.undo(mark);
    return t.dyn;
  }

  #comprehension(fold: Comprehension, scope: Scope): CelType {
    const range = this.#bindings.applied(this.check(fold.range, scope));
    const initial = this.check(fold.initial, scope);
    const outer = new Map(scope).set(fold.accumulator, initial);
    const inner = new Map(outer);
    const [first, second] = this.#walked(range, fold);
    inner.set(fold.variable, first);
    if (fold.secondVariable !== undefined) inner.set(fold.secondVariable, second);
    this.#want(fold.condition, t.bool, inner);
    this.#want(fold.step, initial, inner);
    return this.check(fold.result, outer);
  }

  #walked(range: CelType, { range: { at }, secondVariable }: Comprehension): readonly [CelType, CelType] {
    if (range.kind === "list") return secondVariable === undefined ? [range.of, t.int] : [t.int, range.of];
    if (range.kind === "map") return [range.key, range.value];
    if (range.kind === "dyn" || range.kind === "error" || range.kind === "param") return [t.dyn, t.dyn];
    this.#wrong(`expression of type '${t.shownType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`, at);
    return [t.errorType, t.errorType];
  }

  #want(expression: Expression, wanted: CelType, scope: Scope): void {
    const type = this.check(expression, scope);
    if (this.#bindings.assign(type, wanted)) return;
    const [to, from] = [this.#bindings.applied(wanted), this.#bindings.applied(type)];
    this.#wrong(`expected type '${t.shownType(to)}' but found '${t.shownType(from)}'`, expression.at);
  }

  #wrong(message: string, at: number): CelType {
    if (this.issues.length < mostIssues) this.issues.push(new CelIssue(message, at));
    return t.errorType;
  }
}

const renamed = (type: CelType, suffix: string): CelType =>
  type.kind === "param" ? t.param(`${type.name}${suffix}`) : t.withParts(type, (part) => renamed(part, suffix));

function dottedName(expression: Expression): string | undefined {
  if (expression.kind === "ident") return expression.name;
  if (expression.kind !== "select" || expression.isTest) return undefined;
  const parent = dottedName(expression.operand);
  return parent === undefined ? undefined : `${parent}.${expression.field}`;
}

const isShadowed = (qualified: string, scope: Scope): boolean => scope.has(qualified.split(".", 1)[0] ?? "");

function literalType(value: CelValue): CelType {
  if (value === null) return t.nullType;
  if (value instanceof Uint) return t.uint;
  if (value instanceof Uint8Array) return t.bytes;
  if (typeof value === "boolean") return t.bool;
  if (typeof value === "bigint") return t.int;
  return typeof value === "number" ? t.double : t.string;
}
