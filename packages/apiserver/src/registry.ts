import type { ApiObject } from "@dataplane/meta";
import type { ApiSource, DiscoveredResource, ServedGroupVersion } from "./api-source.js";
import { type ServedResource, servedResource } from "./define-resource.js";
import { describeOpenApi } from "./openapi/describe-open-api.js";
import type { ResourceDefinition } from "./resource.js";

/** The resources that are served now. Definitions come and go while the server runs. */
export interface ResourceRegistry extends ApiSource {
  /** Throws a plain Error when the group, version and plural are taken. */
  add<T extends ApiObject>(definition: ResourceDefinition<T>): void;
  remove(definition: Pick<ResourceDefinition, "group" | "version" | "plural">): void;
  get(group: string, version: string, plural: string): ResourceDefinition | undefined;
  list(): readonly ResourceDefinition[];
  /** With the defaults filled in; what the verbs work on. */
  resolve(group: string, version: string, plural: string): ServedResource | undefined;
  resources(): readonly ServedResource[];
  onChange(listener: () => void): () => void;
}

export const createRegistry = (): ResourceRegistry => new Registry();

class Registry implements ResourceRegistry {
  readonly #resources = new Map<string, ServedResource>();
  readonly #listeners = new Set<() => void>();
  #generation = 1;
  #served: readonly ServedGroupVersion[] | undefined;

  get generation(): number {
    return this.#generation;
  }

  add<T extends ApiObject>(definition: ResourceDefinition<T>): void {
    const key = registryKey(definition.group, definition.version, definition.plural);
    if (this.#resources.has(key)) throw new Error(`${key} is served already`);
    this.#resources.set(key, servedResource(definition));
    this.#changed();
  }

  remove({ group, version, plural }: Pick<ResourceDefinition, "group" | "version" | "plural">): void {
    if (this.#resources.delete(registryKey(group, version, plural))) this.#changed();
  }

  get(group: string, version: string, plural: string): ResourceDefinition | undefined {
    return this.resolve(group, version, plural)?.definition;
  }

  resolve(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#resources.get(registryKey(group, version, plural));
  }

  list(): readonly ResourceDefinition[] {
    return this.resources().map(({ definition }) => definition);
  }

  resources(): readonly ServedResource[] {
    return [...this.#resources.values()];
  }

  served(): readonly ServedGroupVersion[] {
    this.#served ??= byGroupVersion(this.resources());
    return this.#served;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #changed(): void {
    this.#generation += 1;
    this.#served = undefined;
    for (const listener of this.#listeners) listener();
  }
}

const registryKey = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

function byGroupVersion(resources: readonly ServedResource[]): readonly ServedGroupVersion[] {
  const groups = new Map<string, ServedResource[]>();
  for (const resource of resources) {
    const same = groups.get(resource.apiVersion);
    if (same === undefined) groups.set(resource.apiVersion, [resource]);
    else same.push(resource);
  }
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const { group, version } = first.definition;
    return [{ group, version, resources: members.flatMap(discovered), openapi: lazyOpenApi(members), freshness: "Current" as const }];
  });
}

/** Documents are large and rarely asked for: made when first read. */
function lazyOpenApi(members: readonly ServedResource[]): ServedGroupVersion["openapi"] {
  let made: ServedGroupVersion["openapi"] | undefined;
  const make = (): ServedGroupVersion["openapi"] => {
    if (made !== undefined) return made;
    const parts = members.map(({ definition }) => describeOpenApi(definition));
    made = {
      paths: Object.fromEntries(parts.flatMap(({ paths }) => Object.entries(paths))),
      schemas: Object.fromEntries(parts.flatMap(({ schemas }) => Object.entries(schemas))),
    };
    return made;
  };
  return {
    get paths() {
      return make().paths;
    },
    get schemas() {
      return make().schemas;
    },
  };
}

function discovered({ definition, singular, verbs }: ServedResource): readonly DiscoveredResource[] {
  const { plural, kind, scope, shortNames, categories, hasStatus, computed = [] } = definition;
  const namespaced = scope === "namespaced";
  const subresource = (name: string, itsKind: string, itsVerbs: readonly string[]): DiscoveredResource => ({
    name: `${plural}/${name}`,
    singularName: "",
    kind: itsKind,
    namespaced,
    verbs: itsVerbs,
  });
  return [
    {
      name: plural,
      singularName: singular,
      kind,
      namespaced,
      verbs: [...verbs],
      ...(shortNames === undefined ? {} : { shortNames }),
      ...(categories === undefined ? {} : { categories }),
    },
    ...(hasStatus === true ? [subresource("status", kind, ["get", "patch", "update"])] : []),
    ...computed.filter(({ internal }) => !internal).map((it) => subresource(it.name, it.kind, ["get"])),
  ];
}
