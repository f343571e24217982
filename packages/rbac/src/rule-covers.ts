import type { PolicyRule } from "./policy-rule.js";
import { coversPath, namesOfResource } from "./rule-matches.js";

/** A right that cannot be split: one verb on one resource of one group, perhaps of one name, or on one path. */
type Atom =
  | { readonly verb: string; readonly group: string; readonly resource: string; readonly name: string | undefined }
  | { readonly verb: string; readonly path: string };

/** A rule of three long lists stands for millions of rights: one of more than this is held as a whole, or not at all. */
const mostAtoms = 100_000;

/** The rights in `wanted` that no rule of `held` gives, gathered again to few rules; empty when all are held. */
export function missingRights(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  const open = wanted.filter((rule) => !held.some((it) => givesAll(it, rule)));
  const [large, small] = [open.filter((rule) => sizeOf(rule) > mostAtoms), open.filter((rule) => sizeOf(rule) <= mostAtoms)];
  return [...large, ...gathered(small.flatMap(atomsOf).filter((atom) => !held.some((rule) => gives(rule, atom))))];
}

function givesAll(rule: PolicyRule, { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): boolean {
  if (nonResourceURLs.length > 0 || !verbs.every((verb) => hasOrAll(rule.verbs, verb))) return false;
  const own = rule.resourceNames ?? [];
  const givesNames = own.length === 0 || (resourceNames.length > 0 && resourceNames.every((name) => own.includes(name)));
  return (
    givesNames &&
    apiGroups.every((group) => hasOrAll(rule.apiGroups ?? [], group)) &&
    resources.every((resource) => givesResource(rule.resources ?? [], resource))
  );
}

const sizeOf = ({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): number =>
  verbs.length * (apiGroups.length * resources.length * Math.max(1, resourceNames.length) + nonResourceURLs.length);

function atomsOf({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): readonly Atom[] {
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  return verbs.flatMap((verb) => [
    ...apiGroups.flatMap((group) => resources.flatMap((resource) => names.map((name) => ({ verb, group, resource, name })))),
    ...nonResourceURLs.map((path) => ({ verb, path })),
  ]);
}

function gives(rule: PolicyRule, atom: Atom): boolean {
  if (!hasOrAll(rule.verbs, atom.verb)) return false;
  if ("path" in atom) return (rule.nonResourceURLs ?? []).some((url) => coversPath(url, atom.path));
  const { apiGroups = [], resources = [], resourceNames = [] } = rule;
  if (!hasOrAll(apiGroups, atom.group) || !givesResource(resources, atom.resource)) return false;
  return resourceNames.length === 0 || (atom.name !== undefined && resourceNames.includes(atom.name));
}

function givesResource(held: readonly string[], wanted: string): boolean {
  if (held.includes("*")) return true;
  const [resource, subresource] = splitOnce(wanted);
  return namesOfResource(resource, subresource).some((name) => held.includes(name));
}

function splitOnce(resource: string): readonly [string, string?] {
  const slash = resource.indexOf("/");
  return slash < 0 ? [resource] : [resource.slice(0, slash), resource.slice(slash + 1)];
}

const hasOrAll = (values: readonly string[], value: string): boolean => values.includes("*") || values.includes(value);

/** Verbs of the same target in one rule, in the order they were asked for. */
function gathered(atoms: readonly Atom[]): readonly PolicyRule[] {
  const verbs = new Map<string, Set<string>>();
  const targets = new Map<string, Omit<PolicyRule, "verbs">>();
  for (const atom of atoms) {
    const target = targetOf(atom);
    const key = JSON.stringify(target);
    targets.set(key, target);
    const known = verbs.get(key);
    if (known === undefined) verbs.set(key, new Set([atom.verb]));
    else known.add(atom.verb);
  }
  return [...targets].map(([key, target]) => ({ verbs: [...(verbs.get(key) ?? [])], ...target }));
}

const targetOf = (atom: Atom): Omit<PolicyRule, "verbs"> =>
  "path" in atom
    ? { nonResourceURLs: [atom.path] }
    : { apiGroups: [atom.group], resources: [atom.resource], ...(atom.name === undefined ? {} : { resourceNames: [atom.name] }) };

/** The rule in kube-apiserver's short form: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function describeRule({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = [
    ["APIGroups", apiGroups],
    ["Resources", resources],
    ["NonResourceURLs", nonResourceURLs],
    ["ResourceNames", resourceNames],
    ["Verbs", verbs],
  ] as const;
  return `{${parts.flatMap(([name, values]) => (values === undefined || values.length === 0 ? [] : [`${name}:${quotedList(values)}`])).join(", ")}}`;
}

/** Texts as Go prints a list of them with %q. */
export const quotedList = (values: readonly string[]): string => `[${values.map((it) => JSON.stringify(it)).join(" ")}]`;
