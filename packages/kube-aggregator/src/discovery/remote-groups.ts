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

  /** Its resources as they are now. */
  saw(service: ApiService, resources: readonly DiscoveredResource[]): void {
    this.#put(service.name, { service, resources, openapi: this.#known.get(service.name)?.openapi ?? nothing, isCurrent: true });
  }

  describes(service: ApiService, openapi: OpenApiPart): void {
    const known = this.#known.get(service.name);
    if (known !== undefined) this.#put(service.name, { ...known, openapi });
  }

  /** It does not answer: what it served before is still listed, and said to be stale. */
  lost(service: ApiService): void {
    const { resources = [], openapi = nothing } = this.#known.get(service.name) ?? {};
    this.#put(service.name, { service, resources, openapi, isCurrent: false });
  }

  /** There is no such APIService any more, or it is local. */
  forget(name: string): void {
    if (this.#known.delete(name)) this.#changed();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #put(name: string, next: Known): void {
    const before = this.#known.get(name);
    this.#known.set(name, next);
    if (before === undefined || !isSame(before, next)) this.#changed();
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
