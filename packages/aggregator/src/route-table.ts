import { apiVersionOf, type GroupVersion } from "@dataplane/meta";
import type { DataPlaneService } from "./dataplaneservice.js";
import type { PluginHandler } from "./plugin-handler.js";
import { type Conflict, conflictOf, lostTo, type StoredResources } from "./route-conflicts.js";

/** The handlers by group and version. Immutable: a writer makes the next table and swaps it whole, so a request sees one or the other. */
export class RouteTable {
  static readonly empty = new RouteTable([], new Map(), new Map());

  /** Every service there is, in the order they became known; also those that are not routed. */
  readonly #claims: readonly PluginHandler[];
  readonly #served: ReadonlyMap<string, PluginHandler>;
  readonly #conflicts: ReadonlyMap<string, Conflict>;

  private constructor(claims: readonly PluginHandler[], served: ReadonlyMap<string, PluginHandler>, conflicts: ReadonlyMap<string, Conflict>) {
    this.#claims = claims;
    this.#served = served;
    this.#conflicts = conflicts;
  }

  /** The handler that serves a group and version. */
  handlerOf(groupVersion: GroupVersion): PluginHandler | undefined {
    return this.#served.get(apiVersionOf(groupVersion));
  }

  /** Why the service of that name is not routed. */
  conflictOf(name: string): Conflict | undefined {
    return this.#conflicts.get(name);
  }

  has(name: string): boolean {
    return this.#claims.some(({ service }) => service.metadata.name === name);
  }

  get served(): readonly PluginHandler[] {
    return [...this.#served.values()];
  }

  get services(): readonly DataPlaneService[] {
    return this.#claims.map(({ service }) => service);
  }

  get names(): readonly string[] {
    return this.#claims.map(({ service }) => service.metadata.name);
  }

  /** With this handler in place of the one of the same name; it keeps that one's rank. */
  with(handler: PluginHandler, stored: StoredResources): RouteTable {
    const { name } = handler.service.metadata;
    const claims = this.has(name) ? this.#claims.map((it) => (it.service.metadata.name === name ? handler : it)) : [...this.#claims, handler];
    return RouteTable.#from(claims, stored);
  }

  without(name: string, stored: StoredResources): RouteTable {
    const claims = this.#claims.filter(({ service }) => service.metadata.name !== name);
    return RouteTable.#from(claims, stored);
  }

  /** The same services, judged again: what is stored has changed. */
  judgedBy(stored: StoredResources): RouteTable {
    return RouteTable.#from(this.#claims, stored);
  }

  static #from(claims: readonly PluginHandler[], stored: StoredResources): RouteTable {
    const served = new Map<string, PluginHandler>();
    const conflicts = new Map<string, Conflict>();
    for (const handler of claims.toSorted(byAge)) {
      const { service } = handler;
      const key = apiVersionOf(service.spec);
      const elder = served.get(key);
      const conflict = conflictOf(service, handler.patterns, stored) ?? (elder === undefined ? undefined : lostTo(elder.service));
      if (conflict === undefined) served.set(key, handler);
      else conflicts.set(service.metadata.name, conflict);
    }
    return new RouteTable(claims, served, conflicts);
  }
}

// Creation times have seconds only. Within one, a service that was told that it lost stays behind, also after a restart; then the
// order in which they became known counts, which a stable sort keeps.
function byAge(a: PluginHandler, b: PluginHandler): number {
  const [first, second] = [createdAt(a.service), createdAt(b.service)];
  if (first !== second) return first < second ? -1 : 1;
  return Number(hasLost(a.service)) - Number(hasLost(b.service));
}

const createdAt = ({ metadata }: DataPlaneService): string => metadata.creationTimestamp ?? "9999";

const hasLost = ({ conditions }: DataPlaneService): boolean =>
  conditions.some(({ type, status, reason }) => type === "Available" && status === "False" && reason === "GroupConflict");
