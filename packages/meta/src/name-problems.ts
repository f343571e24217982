import { hasSubdomainForm, isDnsLabel, isLabelKey, isLabelValue } from "./names.js";

// The words of Kubernetes for names that are none: people search for them, and clients show them as they are.

const labelForm = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainForm = String.raw`${labelForm}(\.${labelForm})*`;
const namePartForm = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const namePartRule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

function ruleText(rule: string, form: string, ...examples: readonly string[]): string {
  const shown = examples.map((it) => `'${it}', `).join(" or ");
  return `${rule} (e.g. ${shown}regex used for validation is '${form}')`;
}

/** What keeps `text` from being an RFC 1123 subdomain; nothing when it is one. */
export function subdomainProblems(text: string, unit: "characters" | "bytes" = "characters"): readonly string[] {
  const tooLong = text.length > 253 ? [`must be no more than 253 ${unit}`] : [];
  if (hasSubdomainForm(text)) return tooLong;
  const rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [...tooLong, ruleText(rule, subdomainForm, "example.com")];
}

/** What keeps `text` from being an RFC 1123 label; nothing when it is one. */
export function dnsLabelProblems(text: string): readonly string[] {
  if (isDnsLabel(text)) return [];
  const tooLong = text.length > 63 ? ["must be no more than 63 characters"] : [];
  if (/^[a-z0-9][-a-z0-9]*$/.test(text) && !text.endsWith("-")) return tooLong;
  if (hasSubdomainForm(text)) return [...tooLong, "must not contain dots"];
  const rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [...tooLong, ruleText(rule, labelForm, "my-name", "123-abc")];
}

/** What keeps `text` from being a qualified name, such as the key of a label; nothing when it is one. */
export function qualifiedNameProblems(text: string): readonly string[] {
  if (isLabelKey(text)) return [];
  const parts = text.split("/");
  const [first = "", second] = parts;
  if (parts.length > 2) {
    const rule = ruleText(`a qualified name ${namePartRule}`, namePartForm, "MyName", "my.name", "123-abc");
    return [`${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const prefix = second === undefined ? [] : prefixProblems(first);
  return [...prefix, ...namePartProblems(second ?? first)];
}

const prefixProblems = (prefix: string): readonly string[] =>
  prefix === "" ? ["prefix part must be non-empty"] : subdomainProblems(prefix, "bytes").map((it) => `prefix part ${it}`);

function namePartProblems(name: string): readonly string[] {
  const empty = name === "" ? ["name part must be non-empty"] : [];
  const long = name.length > 63 ? ["name part must be no more than 63 bytes"] : [];
  const misformed = isNamePart(name) ? [] : [`name part ${ruleText(namePartRule, namePartForm, "MyName", "my.name", "123-abc")}`];
  return [...empty, ...long, ...misformed];
}

/** What keeps `text` from being the value of a label; nothing when it is one. */
export function labelValueProblems(text: string): readonly string[] {
  if (isLabelValue(text)) return [];
  const rule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return [
    ...(text.length > 63 ? ["must be no more than 63 bytes"] : []),
    ...(isNamePart(text) ? [] : [ruleText(rule, `(${namePartForm})?`, "MyValue", "my_value", "12345")]),
  ];
}

const isNamePart = (text: string): boolean => /^[A-Za-z0-9][-A-Za-z0-9_.]*$/.test(text) && /[A-Za-z0-9]$/.test(text);
