import { CelIssue } from "./cel-issue.js";
import { accumulatorName, type Call, type Comprehension, call, type Expression, ident, literal } from "./expression.js";

type Expand = (macro: Call) => Expression;

/** The call, or what it stands for when it is a macro: has, all, exists, map, cel.bind and their kin. Throws a CelIssue. */
export function expandMacro(made: Call): Expression {
  const isMember = made.target !== undefined;
  const expand = (isMember ? memberMacros : globalMacros).get(`${made.name}/${made.args.length}`);
  if (expand === undefined) return made;
  return expand(made);
}

const accumulator = (at: number): Expression => ident(accumulatorName, at);
const and = (a: Expression, b: Expression): Expression => call("_&&_", [a, b], a.at);
const or = (a: Expression, b: Expression): Expression => call("_||_", [a, b], a.at);

function has({ args: [field], at }: Call): Expression {
  if (field?.kind !== "select") throw new CelIssue("invalid argument to has() macro", field?.at ?? at);
  return { ...field, isTest: true, at };
}

interface Fold {
  readonly initial: Expression;
  readonly condition?: Expression;
  readonly step: Expression;
  readonly result?: Expression;
  readonly variables: readonly Expression[];
}

function fold({ target, at }: Call, { initial, condition, step, result, variables }: Fold): Comprehension {
  const [variable, secondVariable] = variables.map(simpleName);
  return {
    kind: "comprehension",
    range: target ?? literal(null, at),
    variable: variable ?? "",
    secondVariable,
    accumulator: accumulatorName,
    initial,
    condition: condition ?? literal(true, at),
    step,
    result: result ?? accumulator(at),
    at,
  };
}

function simpleName(expression: Expression): string {
  if (expression.kind !== "ident") throw new CelIssue("argument must be a simple name", expression.at);
  if (expression.name === accumulatorName || expression.name === "__result__") {
    throw new CelIssue("iteration variable overwrites accumulator variable", expression.at);
  }
  return expression.name;
}

/** The variables and the last argument, or the last two. */
const parts = (macro: Call, variables: number): { readonly names: readonly Expression[]; readonly bodies: readonly Expression[] } => ({
  names: macro.args.slice(0, variables),
  bodies: macro.args.slice(variables),
});

const absent = (at: number): CelIssue => new CelIssue("missing argument", at);

const all =
  (variables: number): Expand =>
  (macro) => {
    const { at } = macro;
    const { names, bodies } = parts(macro, variables);
    const [predicate = literal(true, at)] = bodies;
    const condition = call("@not_strictly_false", [accumulator(at)], at);
    return fold(macro, { initial: literal(true, at), condition, step: and(accumulator(at), predicate), variables: names });
  };

const exists =
  (variables: number): Expand =>
  (macro) => {
    const { at } = macro;
    const { names, bodies } = parts(macro, variables);
    const [predicate = literal(false, at)] = bodies;
    const condition = call("@not_strictly_false", [call("!_", [accumulator(at)], at)], at);
    return fold(macro, { initial: literal(false, at), condition, step: or(accumulator(at), predicate), variables: names });
  };

const existsOne =
  (variables: number): Expand =>
  (macro) => {
    const { at } = macro;
    const { names, bodies } = parts(macro, variables);
    const [predicate = literal(false, at)] = bodies;
    const more = call("_+_", [accumulator(at), literal(1n, at)], at);
    return fold(macro, {
      initial: literal(0n, at),
      step: call("_?_:_", [predicate, more, accumulator(at)], at),
      result: call("_==_", [accumulator(at), literal(1n, at)], at),
      variables: names,
    });
  };

const list = (at: number, ...values: readonly Expression[]): Expression => ({
  kind: "list",
  elements: values.map((value) => ({ value, isOptional: false })),
  at,
});

/** `map`, `filter` and `transformList`: a list of what the items become, of those that pass. */
function collect(macro: Call, names: readonly Expression[], filter: Expression | undefined, transform: Expression): Expression {
  const { at } = macro;
  const more = call("_+_", [accumulator(at), list(at, transform)], at);
  const step = filter === undefined ? more : call("_?_:_", [filter, more, accumulator(at)], at);
  return fold(macro, { initial: list(at), step, variables: names });
}

const mapMacro =
  (variables: number): Expand =>
  (macro) => {
    const { names, bodies } = parts(macro, variables);
    const transform = bodies.at(-1);
    if (transform === undefined) throw absent(macro.at);
    return collect(macro, names, bodies.length > 1 ? bodies[0] : undefined, transform);
  };

function filterMacro(macro: Call): Expression {
  const { names, bodies } = parts(macro, 1);
  const [item] = names;
  if (item === undefined) throw absent(macro.at);
  return collect(macro, names, bodies[0], item);
}

/** `transformMap` gives each key a new value; `transformMapEntry` makes entries of a map of one. */
const transformMap =
  (isEntry: boolean): Expand =>
  (macro) => {
    const { at } = macro;
    const { names, bodies } = parts(macro, 2);
    const transform = bodies.at(-1);
    const [key] = names;
    if (transform === undefined || key === undefined) throw absent(at);
    const args = isEntry ? [accumulator(at), transform] : [accumulator(at), key, transform];
    const more = call("cel.@mapInsert", args, at);
    const filter = bodies.length > 1 ? bodies[0] : undefined;
    const step = filter === undefined ? more : call("_?_:_", [filter, more, accumulator(at)], at);
    return fold(macro, { initial: { kind: "map", entries: [], at }, step, variables: names });
  };

const bindTo = (name: string, value: Expression, body: Expression, at: number): Expression => ({
  kind: "comprehension",
  range: list(at),
  variable: "#unused",
  secondVariable: undefined,
  accumulator: name,
  initial: value,
  condition: literal(false, at),
  step: ident(name, at),
  result: body,
  at,
});

/**
 * `optMap` wraps what the transform gives; `optFlatMap`'s transform gives an optional. The receiver is bound first: written twice, a
 * chain of these would double at each link.
 */
const optionalMap =
  (isFlat: boolean): Expand =>
  ({ target, args: [name, transform], at }) => {
    if (target === undefined || name === undefined || transform === undefined) throw absent(at);
    const receiver = ident("@optional", at);
    const member = (method: string): Call => ({ kind: "call", name: method, target: receiver, args: [], at });
    const bound = bindTo(simpleName(name), member("value"), transform, at);
    const some = isFlat ? bound : call("optional.of", [bound], at);
    return bindTo(receiver.name, target, call("_?_:_", [member("hasValue"), some, call("optional.none", [], at)], at), at);
  };

/** The items in the order of a key of each: the keys are collected beside the list, which is bound first. */
function sortBy({ target, args: [name, key], at }: Call): Expression {
  if (target === undefined || name === undefined || key === undefined) throw absent(at);
  const input = ident("@sortBy", at);
  const keys = collect({ kind: "call", name: "map", target: input, args: [], at }, [name], undefined, key);
  return bindTo(input.name, target, { kind: "call", name: "@sortByAssociatedKeys", target: input, args: [keys], at }, at);
}

const globalMacros: ReadonlyMap<string, Expand> = new Map([["has/1", has]]);
const memberMacros: ReadonlyMap<string, Expand> = new Map<string, Expand>([
  ["all/2", all(1)],
  ["all/3", all(2)],
  ["exists/2", exists(1)],
  ["exists/3", exists(2)],
  ["exists_one/2", existsOne(1)],
  ["existsOne/3", existsOne(2)],
  ["exists_one/3", existsOne(2)],
  ["map/2", mapMacro(1)],
  ["map/3", mapMacro(1)],
  ["filter/2", filterMacro],
  ["transformList/3", mapMacro(2)],
  ["transformList/4", mapMacro(2)],
  ["transformMap/3", transformMap(false)],
  ["transformMap/4", transformMap(false)],
  ["transformMapEntry/3", transformMap(true)],
  ["transformMapEntry/4", transformMap(true)],
  ["sortBy/2", sortBy],
  ["optMap/2", optionalMap(false)],
  ["optFlatMap/2", optionalMap(true)],
]);
