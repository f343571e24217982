import { badRequest } from "./api-error.js";
import { LabelTokens, type Token } from "./label-tokens.js";
import { labelValueProblems, qualifiedNameProblems } from "./name-problems.js";

/** One of the conditions of a label selector. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: BinaryOperator | "exists" | "!";
  /** Sorted, each once; none for `exists` and `!`. */
  readonly values: readonly string[];
}

const binaryOperators = ["in", "notin", "=", "==", "!=", ">", "<"] as const;
type BinaryOperator = (typeof binaryOperators)[number];

/** The conditions of a selector in the grammar of k8s.io/apimachinery's labels package. Throws BadRequest in its words. */
export function parseLabelRequirements(text: string): readonly LabelRequirement[] {
  const tokens = new LabelTokens(text);
  const requirements: LabelRequirement[] = [];
  for (;;) {
    const first = tokens.peek();
    if (first.kind === "end") return requirements;
    if (!beginsRequirement(first)) throw badRequest(`${found(first)}, expected: !, identifier, or 'end of string'`);
    requirements.push(readRequirement(tokens));
    const next = tokens.take();
    if (next.kind === "end") return requirements;
    if (next.kind !== ",") throw badRequest(`${found(next)}, expected: ',' or 'end of string'`);
    if (!beginsRequirement(tokens.peek())) throw badRequest(`${found(tokens.peek())}, expected: identifier after ','`);
  }
}

const found = ({ text }: Token): string => `found '${text}'`;

const beginsRequirement = ({ kind }: Token): boolean => kind === "identifier" || kind === "!";

const unparsable = (why: string): Error => badRequest(`unable to parse requirement: ${why}`);

function readRequirement(tokens: LabelTokens): LabelRequirement {
  const isAbsence = tokens.peek().kind === "!";
  if (isAbsence) tokens.take();
  const key = tokens.take();
  if (key.kind !== "identifier") throw unparsable(`${found(key)}, expected: identifier`);
  const problems = qualifiedNameProblems(key.text);
  if (problems.length > 0) throw unparsable(fault("<nil>", key.text, problems.join("; ")));
  if (isAbsence) return { key: key.text, operator: "!", values: [] };
  const next = tokens.peek().kind;
  if (next === "end" || next === ",") return { key: key.text, operator: "exists", values: [] };
  const operator = readOperator(tokens);
  const values = operator === "in" || operator === "notin" ? readValues(tokens) : [readValue(tokens)];
  return requireFit({ key: key.text, operator, values });
}

function readOperator(tokens: LabelTokens): BinaryOperator {
  const { text } = tokens.take();
  const operator = binaryOperators.find((it) => it === text);
  if (operator === undefined) throw unparsable(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
  return operator;
}

function readValue(tokens: LabelTokens): string {
  const next = tokens.peek().kind;
  if (next === "end" || next === ",") return "";
  const value = tokens.take();
  if (value.kind !== "identifier") throw unparsable(`${found(value)}, expected: identifier`);
  return value.text;
}

/** `(a, b)`; `(a,,b)` and `()` hold the empty value. */
function readValues(tokens: LabelTokens): readonly string[] {
  const open = tokens.take();
  if (open.kind !== "(") throw unparsable(`${found(open)} expected: '('`);
  const first = tokens.peek();
  if (first.kind !== "identifier" && first.kind !== "," && first.kind !== ")") throw unparsable(`${found(first)}, expected: ',', ')' or identifier`);
  const values = new Set<string>();
  for (let needsValue = true; ; ) {
    const next = tokens.take();
    if (next.kind === "identifier" && needsValue) values.add(next.text);
    else if (next.kind !== "," && next.kind !== ")")
      throw unparsable(`${found(next)}, expected: ${needsValue ? "',', or identifier" : "',' or ')'"}`);
    else if (needsValue) values.add("");
    if (next.kind === ")") return [...values].sort();
    needsValue = next.kind === ",";
  }
}

function requireFit(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement;
  const bounds = operator === ">" || operator === "<" ? values : [];
  const faults = [
    ...bounds.flatMap((it, index) =>
      int64(it) === undefined ? [fault(`values[${index}]`, it, "for 'Gt', 'Lt' operators, the value must be an integer")] : [],
    ),
    ...values.flatMap((it, index) => {
      const problems = labelValueProblems(it);
      return problems.length === 0 ? [] : [fault(`values[${index}][${key}]`, it, problems.join("; "))];
    }),
  ];
  if (faults.length > 0) throw unparsable(faults.length === 1 ? faults.join() : `[${faults.join(", ")}]`);
  return requirement;
}

const fault = (path: string, value: string, why: string): string => `${path}: Invalid value: ${JSON.stringify(value)}: ${why}`;

/** Undefined for what is no whole number of 64 bits. */
export function int64(text: string): bigint | undefined {
  if (!/^[-+]?\d{1,30}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
