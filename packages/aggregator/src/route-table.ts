import { apiVersionOf, type GroupVersion } from "@dataplane/meta";
import type { DataPlaneService } from "./dataplaneservice.js";
import type { PluginHandler } from "./plugin-handler.js";
import { type Conflict, conflictOf, lostTo, type StoredResources } from "./route-conflicts.js";

/**
 * The handlers by group and version. Immutable: a writer makes the next table and swaps it whole, so a request sees one or the other.
 * Who serves what is judged when it is first asked for, since services come in bursts.
 */
export class RouteTable {
  static readonly empty = new RouteTable(new Map(), undefined);

  /** Every service there is by name, in the order they became known; also those that are not routed. */
  readonly #claims: ReadonlyMap<string, PluginHandler>;
  readonly #stored: StoredResources | undefined;
  #judged: Judged | undefined;

  private constructor(claims: ReadonlyMap<string, PluginHandler>, stored: StoredResources | undefined) {
    this.#claims = claims;
    this.#stored = stored;
  }

  /** The handler that serves a group and version. */
  handlerOf(groupVersion: GroupVersion): PluginHandler | undefined {
    return this.#judgement.served.get(apiVersionOf(groupVersion));
  }

  /** Why the service of that name is not routed. */
  conflictOf(name: string): Conflict | undefined {
    return this.#judgement.conflicts.get(name);
  }

  has(name: string): boolean {
    return this.#claims.has(name);
  }

  /** Whether that very service has its place already: what changed since, such as its conditions, is nothing that routes are made of. */
  serves(service: DataPlaneService): boolean {
    const known = this.#claims.get(service.metadata.name)?.service;
    const { uid, generation } = service.metadata;
    if (known === undefined || uid === undefined || generation === undefined) return false;
    return known.metadata.uid === uid && known.metadata.generation === generation && hasLost(known) === hasLost(service);
  }

  get served(): readonly PluginHandler[] {
    return [...this.#judgement.served.values()];
  }

  get services(): readonly DataPlaneService[] {
    return [...this.#claims.values()].map(({ service }) => service);
  }

  get names(): readonly string[] {
    return [...this.#claims.keys()];
  }

  /** With this handler in place of the one of the same name; it keeps that one's rank. */
  with(handler: PluginHandler, stored: StoredResources): RouteTable {
    return new RouteTable(new Map(this.#claims).set(handler.service.metadata.name, handler), stored);
  }

  without(name: string, stored: StoredResources): RouteTable {
    return new RouteTable(new Map([...this.#claims].filter(([key]) => key !== name)), stored);
  }

  /** The same services, judged again: what is stored has changed. */
  judgedBy(stored: StoredResources): RouteTable {
    return new RouteTable(this.#claims, stored);
  }

  get #judgement(): Judged {
    this.#judged ??= this.#stored === undefined ? nothing : judge([...this.#claims.values()], this.#stored);
    return this.#judged;
  }
}

interface Judged {
  readonly served: ReadonlyMap<string, PluginHandler>;
  readonly conflicts: ReadonlyMap<string, Conflict>;
}

const nothing: Judged = { served: new Map(), conflicts: new Map() };

function judge(claims: readonly PluginHandler[], stored: StoredResources): Judged {
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
  return { served, conflicts };
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
