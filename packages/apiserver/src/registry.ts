import type { ApiObject, GroupVersion } from "@dataplane/meta";
import type { ApiSource, DiscoveredResource, ServedGroupVersion } from "./api-source.js";
import { type ServedResource, servedResource } from "./define-resource.js";
import { storageVersionHash } from "./discovery/storage-version-hash.js";
import { describeOpenApi } from "./openapi/describe-open-api.js";
import type { ComputedSubresource, ResourceDefinition } from "./resource.js";

/** The resources that are served now. Definitions come and go while the server runs. */
export interface ResourceRegistry extends ApiSource {
  /** Throws a plain Error when the group, version and plural are taken. */
  add<T extends ApiObject>(definition: ResourceDefinition<T>): void;
  remove(definition: Pick<ResourceDefinition, "group" | "version" | "plural">): void;
  /**
   * Replaces all that `owner` had by `definitions` in one step, so that no request in between finds nothing. A definition that is the
   * same object as before stays as it is, and its watches with it. Those whose group, version and plural others have are left out and given back.
   */
  set(owner: string, definitions: readonly ResourceDefinition[]): readonly ResourceDefinition[];
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
  readonly #owned = new Map<string, readonly ResourceDefinition[]>();
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

  set(owner: string, definitions: readonly ResourceDefinition[]): readonly ResourceDefinition[] {
    const had = this.#owned.get(owner) ?? [];
    const others = (key: string): boolean => this.#resources.has(key) && !had.some((it) => keyOfDefinition(it) === key);
    const [taken, free] = partition(definitions, (it) => others(keyOfDefinition(it)));
    for (const old of had) if (!free.includes(old)) this.#resources.delete(keyOfDefinition(old));
    for (const it of free) if (!had.includes(it)) this.#resources.set(keyOfDefinition(it), servedResource(it));
    if (free.length === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, free);
    if (free.length !== had.length || free.some((it) => !had.includes(it))) this.#changed();
    return taken;
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

const keyOfDefinition = ({ group, version, plural }: ResourceDefinition): string => registryKey(group, version, plural);

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
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
  const { plural, kind, scope, shortNames, categories, hasStatus, scale, computed = [] } = definition;
  const hash = storageVersionHash(definition);
  const namespaced = scope === "namespaced";
  const subresource = (name: string, itsKind: string, itsVerbs: readonly string[], responseKind?: GroupVersion): DiscoveredResource => ({
    name: `${plural}/${name}`,
    singularName: "",
    kind: itsKind,
    ...(responseKind === undefined ? {} : { responseKind }),
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
      ...(hash === undefined ? {} : { storageVersionHash: hash }),
    },
    ...(hasStatus === true ? [subresource("status", kind, ["get", "patch", "update"])] : []),
    ...(scale === undefined ? [] : [subresource("scale", "Scale", ["get", "patch", "update"], { group: "autoscaling", version: "v1" })]),
    ...computed.filter(({ internal }) => !internal).map((it) => subresource(it.name, it.kind, verbsOf(it), responseKindOf(it))),
  ];
}

const verbsOf = ({ get, create, update }: ComputedSubresource<ApiObject>): readonly string[] => [
  ...(create === undefined ? [] : ["create"]),
  ...(get === undefined ? [] : ["get"]),
  ...(get === undefined || update === undefined ? [] : ["patch"]),
  ...(update === undefined ? [] : ["update"]),
];

const responseKindOf = ({ group, version }: ComputedSubresource<ApiObject>): GroupVersion | undefined =>
  group === undefined || version === undefined ? undefined : { group, version };
