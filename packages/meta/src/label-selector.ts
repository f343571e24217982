import { badRequest } from "./api-error.js";

type Labels = Readonly<Record<string, string>>;

/** What `labelSelector` asks for (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors). */
export interface LabelSelector {
  /** True when it asks for nothing: all objects match. */
  readonly isEmpty: boolean;
  matches(labels: Labels | undefined): boolean;
}

type Requirement = (labels: Labels) => boolean;

/** Equality (`a=b`, `a==b`, `a!=b`), sets (`a in (b,c)`, `a notin (b)`), presence (`a`, `!a`), numbers (`a>1`, `a<1`), joined by commas. Throws BadRequest. */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = splitOutsideParentheses(text).map((it) => requirementOf(it.trim(), text));
  return { isEmpty: requirements.length === 0, matches: (labels = {}) => requirements.every((it) => it(labels)) };
}

function splitOutsideParentheses(text: string): readonly string[] {
  if (text.trim() === "") return [];
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === "," && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

const has = (labels: Labels, key: string): boolean => Object.hasOwn(labels, key);

function requirementOf(text: string, whole: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set !== null) return setRequirement(set[1] ?? "", set[2] === "in", set[3] ?? "", whole);
  if (text.startsWith("!")) {
    const key = keyOf(text.slice(1).trim(), whole);
    return (labels) => !has(labels, key);
  }
  const comparison = /^([^\s=!<>]+)\s*(==|=|!=|>|<)\s*([^\s=!<>]*)$/.exec(text);
  if (comparison === null) {
    const key = keyOf(text, whole);
    return (labels) => has(labels, key);
  }
  return comparisonRequirement(keyOf(comparison[1] ?? "", whole), comparison[2] ?? "", valueOf(comparison[3] ?? "", whole), whole);
}

function setRequirement(rawKey: string, isIn: boolean, list: string, whole: string): Requirement {
  const key = keyOf(rawKey, whole);
  const values = new Set(list.split(",").map((it) => valueOf(it.trim(), whole)));
  if (isIn) return (labels) => has(labels, key) && values.has(labels[key] ?? "");
  return (labels) => !has(labels, key) || !values.has(labels[key] ?? "");
}

function comparisonRequirement(key: string, operator: string, value: string, whole: string): Requirement {
  if (operator === "!=") return (labels) => !has(labels, key) || labels[key] !== value;
  if (operator !== ">" && operator !== "<") return (labels) => has(labels, key) && labels[key] === value;
  if (!/^-?\d+$/.test(value)) throw unparsable(whole, `${JSON.stringify(value)} is not a whole number`);
  const bound = BigInt(value);
  return (labels) => {
    const found = labels[key];
    if (found === undefined || !/^-?\d+$/.test(found)) return false;
    return operator === ">" ? BigInt(found) > bound : BigInt(found) < bound;
  };
}

function keyOf(key: string, whole: string): string {
  if (!isLabelKey(key)) throw unparsable(whole, `${JSON.stringify(key)} is no label key`);
  return key;
}

function valueOf(value: string, whole: string): string {
  if (!isLabelValue(value)) throw unparsable(whole, `${JSON.stringify(value)} is no label value`);
  return value;
}

const unparsable = (whole: string, why: string): Error =>
  badRequest(`unable to parse requirement in label selector ${JSON.stringify(whole)}: ${why}`);

const namePart = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** `name` or `dns.prefix/name`; also the form of annotation keys and finalizers. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return namePart.test(key);
  return isDnsSubdomain(key.slice(0, slash)) && namePart.test(key.slice(slash + 1));
}

export const isLabelValue = (value: string): boolean => value === "" || namePart.test(value);

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** RFC 1123 label: at most 63 lower-case letters, digits and dashes. */
export const isDnsLabel = (text: string): boolean => dnsLabel.test(text);

/** RFC 1123 subdomain: labels joined by dots, at most 253 characters. */
export const isDnsSubdomain = (text: string): boolean => text.length <= 253 && hasSubdomainForm(text);

/** A subdomain but for its length. */
export const hasSubdomainForm = (text: string): boolean => text.split(".").every(isSubdomainPart);

// Kubernetes does not hold the parts of a subdomain to 63 characters.
const isSubdomainPart = (part: string): boolean => /^[a-z0-9][-a-z0-9]*$/.test(part) && !part.endsWith("-");
