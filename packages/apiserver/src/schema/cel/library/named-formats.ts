import { matchesFormat } from "../../formats.js";
import * as t from "../types/cel-type.js";
import { noSuchOverload } from "../values/cel-error.js";
import { type CelValue, noValue, type OpaqueValue, OptionalValue } from "../values/cel-value.js";
import { listOf } from "../values/collections.js";
import { type FunctionTable, global, member, type Overload, text } from "./function-declaration.js";

const type = t.opaque("kubernetes.NamedFormat");

/** A form of text by its name. */
class NamedFormat implements OpaqueValue {
  readonly opaqueType = "kubernetes.NamedFormat";
  readonly name: string;
  readonly problems: (value: string) => readonly string[];

  constructor(name: string, problems: (value: string) => readonly string[]) {
    this.name = name;
    this.problems = problems;
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

interface Form {
  readonly most: number;
  readonly expression: RegExp;
  readonly words: string;
  readonly unit?: string;
  /** Told in place of the words. */
  readonly noDots?: boolean;
}

const label: Form = {
  most: 63,
  noDots: true,
  expression: /^[a-z\d](?:[-a-z\d]*[a-z\d])?$/,
  words:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
};
const subdomain: Form = {
  most: 253,
  expression: /^[a-z\d](?:[-a-z\d]*[a-z\d])?(?:\.[a-z\d](?:[-a-z\d]*[a-z\d])?)*$/,
  words:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
};
const oldLabel: Form = {
  most: 63,
  expression: /^[a-z](?:[-a-z\d]*[a-z\d])?$/,
  words:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
};
const labelValue: Form = {
  most: 63,
  unit: "bytes",
  expression: /^(?:[A-Za-z\d](?:[-A-Za-z\d_.]*[A-Za-z\d])?)?$/,
  words:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
};
const namePart: Form = {
  most: 63,
  unit: "bytes",
  expression: /^[A-Za-z\d](?:[-A-Za-z\d_.]*[A-Za-z\d])?$/,
  words:
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
};

const problemsOf =
  ({ most, expression, words, unit = "characters", noDots = false }: Form, isPrefix = false) =>
  (value: string): readonly string[] => {
    // A dash at the end of a prefix is followed by something.
    const whole = isPrefix && value.endsWith("-") ? `${value.slice(0, -1)}a` : value;
    const problems = value.length > most ? [`must be no more than ${most} ${unit}`] : [];
    if (noDots && value.includes(".") && subdomain.expression.test(value)) return [...problems, "must not contain dots"];
    // No longer text is worth the match.
    return value.length <= 4096 && expression.test(whole) ? problems : [...problems, words];
  };

function qualifiedNameProblems(value: string): readonly string[] {
  const parts = value.split("/");
  if (parts.length > 2)
    return [
      `a valid label key ${namePart.words.replace(/^name part /, "")} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const [name = "", prefix] = parts.toReversed();
  const ofPrefix =
    prefix === undefined ? [] : prefix === "" ? ["prefix part must be non-empty"] : problemsOf(subdomain)(prefix).map((it) => `prefix part ${it}`);
  const ofName = problemsOf(namePart)(name).map((problem) => (problem.startsWith("name part") ? problem : `name part ${problem}`));
  return [...ofPrefix, ...(name === "" ? ["name part must be non-empty"] : []), ...ofName];
}

const byFormat =
  (format: string, words: string) =>
  (value: string): readonly string[] =>
    value !== "" && matchesFormat(format, value) ? [] : [words];

/** As Go's url.ParseRequestURI tells it. */
function uriProblems(value: string): readonly string[] {
  if (value === "") return ['parse "": empty url'];
  return matchesFormat("uri", value) ? [] : [`parse ${JSON.stringify(value)}: invalid URI for request`];
}

const named: readonly NamedFormat[] = [
  new NamedFormat("dns1123Label", problemsOf(label)),
  new NamedFormat("dns1123Subdomain", problemsOf(subdomain)),
  new NamedFormat("dns1035Label", problemsOf(oldLabel)),
  new NamedFormat("qualifiedName", qualifiedNameProblems),
  new NamedFormat("dns1123LabelPrefix", problemsOf(label, true)),
  new NamedFormat("dns1123SubdomainPrefix", problemsOf(subdomain, true)),
  new NamedFormat("dns1035LabelPrefix", problemsOf(oldLabel, true)),
  new NamedFormat("labelValue", problemsOf(labelValue)),
  new NamedFormat("uri", uriProblems),
  new NamedFormat("uuid", byFormat("uuid", "does not match the UUID format")),
  new NamedFormat("byte", byFormat("byte", "invalid base64")),
  new NamedFormat("date", byFormat("date", "invalid date")),
  new NamedFormat("datetime", byFormat("datetime", "invalid datetime")),
];

function findFormat(name: CelValue | undefined): OptionalValue {
  const found = named.find((format) => format.name === text(name));
  return found === undefined ? noValue : new OptionalValue(found);
}

function validate(format: CelValue | undefined, value: CelValue | undefined): CelValue {
  if (!(format instanceof NamedFormat)) throw noSuchOverload();
  const problems = format.problems(text(value));
  return problems.length === 0 ? noValue : new OptionalValue(listOf(problems));
}

const constants: FunctionTable = Object.fromEntries(
  named.map((format): [string, readonly Overload[]] => [`format.${format.name}`, [global([], type, () => format)]]),
);

/** Kubernetes' named formats: `format.dns1123Label().validate(self.name)` gives what is wrong, or none. */
export const formatFunctions: FunctionTable = {
  ...constants,
  "format.named": [global([t.string], t.optional(type), findFormat)],
  validate: [member([type, t.string], t.optional(t.list(t.string)), validate)],
};
