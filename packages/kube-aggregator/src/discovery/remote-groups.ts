import type { ApiSource, DiscoveredResource, ServedGroupVersion } from "@dataplane/apiserver";
import type { ApiService } from "../apiservice.js";

export type OpenApiPart = ServedGroupVersion["openapi"];

interface Known {
  readonly service: ApiService;
  readonly resources: readonly DiscoveredResource[];
  readonly openapi: OpenApiPart;
  readonly isCurrent: boolean;
}

const nothing: OpenApiPart = { paths: {}, schemas: {} };

/** What the servers behind were last seen to serve: discovery and OpenAPI are answered from here, and wait for none of them. */
export class RemoteGroups implements ApiSource {
  readonly #known = new Map<string, Known>();
  readonly #listeners = new Set<() => void>();
  #served: readonly ServedGroupVersion[] | undefined;
  #generation = 1;

  get generation(): number {
    return this.#generation;
  }

  served(): readonly ServedGroupVersion[] {
    this.#served ??= [...this.#known.values()].map(({ service, resources, openapi, isCurrent }) => ({
      ...{ group: service.group, version: service.version, resources, openapi },
      freshness: isCurrent ? ("Current" as const) : ("Stale" as const),
      priority: { group: service.groupPriorityMinimum, version: service.versionPriority },
    }));
    return this.#served;
  }

  /** There is such an APIService: until its server was seen it is listed without resources, and said to be stale. */
  expects(service: ApiService): void {
    const known = this.#known.get(service.name) ?? { resources: [], openapi: nothing, isCurrent: false };
    this.#put(service.name, { ...known, service });
  }

  /** Its resources as they are now. True when that is news: they are others, or it was away. */
  saw(service: ApiService, resources: readonly DiscoveredResource[]): boolean {
    const known = this.#known.get(service.name);
    return this.#put(service.name, { service, resources, openapi: known?.openapi ?? nothing, isCurrent: true });
  }

  describes({ name }: ApiService, openapi: OpenApiPart): void {
    const known = this.#known.get(name);
    if (known !== undefined) this.#put(name, { ...known, openapi });
  }

  /** It does not answer: what it served before is still listed, and said to be stale. */
  lost(service: ApiService): void {
    const { resources = [], openapi = nothing } = this.#known.get(service.name) ?? {};
    this.#put(service.name, { service, resources, openapi, isCurrent: false });
  }

  /** True while its server answers. */
  isCurrent(name: string): boolean {
    return this.#known.get(name)?.isCurrent === true;
  }

  /** There is no such APIService any more, or it is local. */
  forget(name: string): void {
    if (this.#known.delete(name)) this.#changed();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #put(name: string, next: Known): boolean {
    const before = this.#known.get(name);
    this.#known.set(name, next);
    if (before !== undefined && isSame(before, next)) return false;
    this.#changed();
    return true;
  }

  #changed(): void {
    this.#served = undefined;
    this.#generation += 1;
    for (const listener of this.#listeners) listener();
  }
}

function isSame(a: Known, b: Known): boolean {
  const isRankedSame = a.service.groupPriorityMinimum === b.service.groupPriorityMinimum && a.service.versionPriority === b.service.versionPriority;
  return a.isCurrent === b.isCurrent && isRankedSame && a.openapi === b.openapi && JSON.stringify(a.resources) === JSON.stringify(b.resources);
}
