/** Why Kubernetes would refuse a resource's name in an EncryptionConfiguration; undefined for a good one. */
export function problemOfResourceName(resource: string): string | undefined {
  if (resource === "") return "expected the name of a resource";
  if (resource.toLowerCase() !== resource) return "resource name should not contain capital letters";
  if (resource === "*") return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  if (notServed.has(resource)) return "resources which do not have REST API/s cannot be encrypted";
  const { plural, group } = parts(resource);
  if (group === "events.k8s.io") return "'*.events.k8s.io' objects are stored using the 'events' API group. Use 'events' instead in the config file";
  if (group === "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (group === "*" && plural !== "*") return "encrypting the same resource across groups is not supported";
  return /^(?:\*|[a-z0-9][a-z0-9-]*)(?:\.[a-z0-9.-]*|\.\*)?$/.test(resource) ? undefined : "expected resource or resource.group";
}

/** What is wrong between the names of one list. */
export function problemsOfResourceList(resources: readonly string[]): readonly string[] {
  const problems: string[] = [];
  if (new Set(resources).size < resources.length) problems.push("the same resource cannot be specified multiple times");
  const all = resources.map(parts);
  const masks = (one: Parts, other: Parts): boolean =>
    one !== other && one.plural === "*" && (one.group === "*" || (one.group === other.group && other.plural !== "*"));
  if (all.some((one) => all.some((other) => masks(one, other))))
    problems.push("using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked");
  return problems;
}

const notServed = new Set(["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"]);

interface Parts {
  readonly plural: string;
  readonly group: string;
}

function parts(resource: string): Parts {
  const dot = resource.indexOf(".");
  return dot < 0 ? { plural: resource, group: "" } : { plural: resource.slice(0, dot), group: resource.slice(dot + 1) };
}
