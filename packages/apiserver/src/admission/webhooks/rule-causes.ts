import { type Cause, isJsonObject, type JsonValue } from "@dataplane/meta";
import { invalidValue, notSupported, required } from "../../schema/field-errors.js";

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const scopes = ["*", "Cluster", "Namespaced"];

/** What is wrong with one entry of `rules`. */
export function ruleCauses(rule: JsonValue, at: string): readonly Cause[] {
  if (!isJsonObject(rule)) return [];
  const lists = (field: string): readonly string[] =>
    Array.isArray(rule[field]) ? (rule[field] as readonly JsonValue[]).filter((it) => typeof it === "string") : [];
  const { scope } = rule;
  return [
    ...listCauses(lists("operations"), `${at}.operations`, "operations"),
    ...lists("operations").flatMap((it, index) => (operations.includes(it) ? [] : [notSupported(`${at}.operations[${index}]`, it, operations)])),
    ...listCauses(lists("apiGroups"), `${at}.apiGroups`, "API groups"),
    ...listCauses(lists("apiVersions"), `${at}.apiVersions`, "API versions"),
    ...lists("apiVersions").flatMap((it, index) => (it === "" ? [required(`${at}.apiVersions[${index}]`)] : [])),
    ...resourcesCauses(lists("resources"), `${at}.resources`),
    ...(scope === undefined || (typeof scope === "string" && scopes.includes(scope)) ? [] : [notSupported(`${at}.scope`, scope, scopes)]),
  ];
}

function listCauses(items: readonly string[], field: string, what: string): readonly Cause[] {
  if (items.length === 0) return [required(field)];
  return items.length > 1 && items.includes("*") ? [invalidValue(field, items, `if '*' is present, must not specify other ${what}`)] : [];
}

/** A wildcard must not stand beside what it stands for already. */
function resourcesCauses(resources: readonly string[], field: string): readonly Cause[] {
  if (resources.length === 0) return [required(field)];
  const seen = new Set<string>();
  const each = resources.flatMap((it, index) => {
    const covered = it.includes("/") ? coveringOf(it, seen) : undefined;
    seen.add(it);
    if (it === "") return [required(`${field}[${index}]`)];
    return covered === undefined ? [] : [invalidValue(`${field}[${index}]`, it, `if '${covered}' is present, must not specify ${it}`)];
  });
  const besides = (wildcard: string, isCovered: (it: string) => boolean): boolean => resources.includes(wildcard) && resources.some(isCovered);
  return [
    ...each,
    ...(resources.length > 1 && resources.includes("*/*")
      ? [invalidValue(field, resources, "if '*/*' is present, must not specify other resources")]
      : []),
    ...(besides("*", (it) => it !== "*" && !it.includes("/"))
      ? [invalidValue(field, resources, "if '*' is present, must not specify other resources without subresources")]
      : []),
  ];
}

function coveringOf(resource: string, seen: ReadonlySet<string>): string | undefined {
  const [name = "", subresource = ""] = resource.split("/");
  return [`${name}/*`, `*/${subresource}`].find((it) => seen.has(it) && it !== "*/*");
}
