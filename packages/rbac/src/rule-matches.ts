import type { RequestInfo } from "@dataplane/meta";
import type { PolicyRule } from "./policy-rule.js";

const all = "*";

/** To query a data source is one right, whichever of its two names a grant uses. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["connections/query", "datasources/query"],
  ["datasources/query", "connections/query"],
]);

/** `resources` of a rule that stand for the one that is asked for; `*` aside. */
export function namesOfResource(resource: string, subresource = ""): readonly string[] {
  if (subresource === "") return [resource];
  const name = `${resource}/${subresource}`;
  const alias = aliases.get(name);
  return [name, `*/${subresource}`, ...(alias === undefined ? [] : [alias])];
}

/** A rule as sets: thousands of names cost no more than one. */
export class RuleMatcher {
  readonly rule: PolicyRule;
  readonly #verbs: ReadonlySet<string>;
  readonly #groups: ReadonlySet<string>;
  readonly #resources: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;

  constructor(rule: PolicyRule) {
    this.rule = rule;
    this.#verbs = new Set(rule.verbs);
    this.#groups = new Set(rule.apiGroups);
    this.#resources = new Set(rule.resources);
    this.#names = new Set(rule.resourceNames);
  }

  /** As kube-apiserver decides; `resourceNames` never allow a request that names nothing, such as a create. */
  allows(info: RequestInfo): boolean {
    if (!has(this.#verbs, info.verb)) return false;
    if (!info.isResourceRequest) return (this.rule.nonResourceURLs ?? []).some((url) => coversPath(url, info.path));
    return has(this.#groups, info.group) && this.#hasResource(info) && (this.#names.size === 0 || this.#names.has(info.name));
  }

  #hasResource({ resource, subresource }: RequestInfo): boolean {
    return this.#resources.has(all) || namesOfResource(resource, subresource).some((name) => this.#resources.has(name));
  }
}

const has = (set: ReadonlySet<string>, value: string): boolean => set.has(all) || set.has(value);

/** `nonResourceURLs` are paths, or beginnings of paths with `*` at their end. */
export const coversPath = (url: string, path: string): boolean => url === path || (url.endsWith(all) && path.startsWith(withoutStars(url)));

function withoutStars(url: string): string {
  let end = url.length;
  while (url[end - 1] === all) end--;
  return url.slice(0, end);
}
