import { type Converter, type ResourceDefinition, type ResourceRegistry } from "@dataplane/apiserver";
import type { GroupVersion, GroupVersionKind } from "@dataplane/meta";
import type { ManifestSpec } from "../app-manifest-spec.js";
import { schemaCauses } from "../validation/schemas.js";
import { kindsOf } from "./kind-definition.js";
import { kindResources } from "./kind-resource.js";

/** Why nothing of a manifest's kinds is served. */
export interface KindsProblem {
  readonly reason: "SchemaInvalid" | "NamesTaken";
  readonly message: string;
}

/** One manifest whose kinds are to be served. */
export interface KindsOwner {
  readonly name: string;
  readonly spec: ManifestSpec;
  /** Of kinds with `conversion`. */
  readonly converter: Converter | undefined;
  /** Another text when the converter is another. */
  readonly who: string;
}

/** What the registry has of manifests: all kinds of one, or none. */
export class ServedKinds {
  readonly #registry: ResourceRegistry;
  /** By owner; definitions by all that they were made of, so that what did not change stays, and its watches with it. */
  readonly #served = new Map<string, ReadonlyMap<string, readonly ResourceDefinition[]>>();

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  get owners(): readonly string[] {
    return [...this.#served.keys()];
  }

  owns({ group, kind }: Pick<GroupVersionKind, "group" | "kind">): boolean {
    return this.#definitions().some((it) => it.group === group && it.kind === kind);
  }

  serves({ group, version }: GroupVersion): boolean {
    return this.#definitions().some((it) => it.group === group && it.version === version);
  }

  /** Undefined when all that the manifest declares is served. */
  serve(owner: KindsOwner): KindsProblem | undefined {
    const problem = this.problemOf(owner);
    if (problem !== undefined) {
      this.withdraw(owner.name);
      return problem;
    }
    const known = this.#served.get(owner.name);
    const next = new Map<string, readonly ResourceDefinition[]>();
    for (const kind of kindsOf(owner.spec)) {
      const converter = kind.versions.some((it) => it.kind.conversion) ? owner.converter : undefined;
      const versions = kind.versions.map((it) => [it.version.name, it.version.served, it.kind]);
      const key = JSON.stringify([owner.spec.group, owner.spec.preferredVersion, versions, converter === undefined ? "" : owner.who]);
      next.set(key, known?.get(key) ?? kindResources(owner.spec, kind, converter));
    }
    this.#served.set(owner.name, next);
    const taken = this.#registry.set(ownerKey(owner.name), [...next.values()].flat());
    return taken.length === 0 ? undefined : takenBy(taken);
  }

  withdraw(name: string): void {
    if (this.#served.delete(name)) this.#registry.set(ownerKey(name), []);
  }

  /** What stands against serving it, without doing so. */
  problemOf({ name, spec }: Pick<KindsOwner, "name" | "spec">): KindsProblem | undefined {
    const kinds = kindsOf(spec);
    // What is written is judged by the same; here is told of what was written before there was such a rule.
    const causes = schemaCauses(spec).map(({ field, message }) => `${field}: ${message}`);
    if (causes.length > 0) return { reason: "SchemaInvalid", message: causes.slice(0, 10).join("; ") };
    const own = new Set([...(this.#served.get(name)?.values() ?? [])].flat());
    const others = this.#registry.list().filter((it) => it.group === spec.group && !own.has(it));
    const taken = others.filter((it) =>
      kinds.some(({ kind, versions }) => it.kind === kind || versions.some((own) => own.kind.plural === it.plural)),
    );
    return taken.length === 0 ? undefined : takenBy(taken);
  }

  #definitions(): readonly ResourceDefinition[] {
    return [...this.#served.values()].flatMap((byKey) => [...byKey.values()].flat());
  }
}

const ownerKey = (name: string): string => `appmanifest/${name}`;

function takenBy(definitions: readonly ResourceDefinition[]): KindsProblem {
  const names = [...new Set(definitions.map(({ plural, group, kind }) => `${plural}.${group} (${kind})`))];
  return { reason: "NamesTaken", message: `another definition has ${names.join(", ")}` };
}
