import type { ResourceDefinition, ResourceRegistry } from "@dataplane/apiserver";
import type { Logger } from "@dataplane/meta";
import type { DefinitionConverter } from "../convert/definition-converter.js";
import { type CustomResourceDefinition, type DefinitionVersion, isTrue } from "../definition/custom-resource-definition.js";
import type { Names } from "../status/accept-names.js";
import { compileDefinition } from "./compile-definition.js";

export interface ServedDefinitionsOptions {
  readonly registry: ResourceRegistry;
  /** How the versions of a definition are made of one another; undefined when they differ in apiVersion alone. */
  readonly converterFor: (definition: CustomResourceDefinition) => DefinitionConverter | undefined;
  readonly logger: Logger;
}

interface Served {
  readonly uid: string;
  isTerminating: boolean;
  /** Who converts, when it was compiled. */
  convertedBy: string | undefined;
  /** By all that a version was compiled of, so that one that did not change stays the object it was, and its watches with it. */
  versions: ReadonlyMap<string, ResourceDefinition>;
}

/** What the registry has of CustomResourceDefinitions. */
export class ServedDefinitions {
  readonly #options: ServedDefinitionsOptions;
  readonly #served = new Map<string, Served>();
  readonly #ours = new WeakSet<ResourceDefinition>();

  constructor(options: ServedDefinitionsOptions) {
    this.#options = options;
  }

  /** Makes the registry have the served versions of the definition, in one step. */
  serve(definition: CustomResourceDefinition): void {
    const { name, uid = "", deletionTimestamp } = definition.metadata;
    const known = this.#served.get(name);
    const served =
      known?.uid === uid ? known : { uid, isTerminating: false, convertedBy: undefined, versions: new Map<string, ResourceDefinition>() };
    served.isTerminating = deletionTimestamp !== undefined || isTrue(definition, "Terminating");
    served.versions = this.#compiled(definition, served);
    this.#served.set(name, served);
    const taken = this.#options.registry.set(ownerOf(name), [...served.versions.values()]);
    for (const { version, group, plural } of taken) {
      this.#options.logger.warn({ definition: name, group, version, plural }, "a definition's version is not served: another has its place");
    }
  }

  /** Serves those definitions anew that are served and whose versions somebody else converts now. */
  refresh(definitions: Iterable<CustomResourceDefinition>): void {
    for (const definition of definitions) {
      const served = this.#served.get(definition.metadata.name);
      if (served !== undefined && served.convertedBy !== this.#options.converterFor(definition)?.who) this.serve(definition);
    }
  }

  withdraw(name: string): void {
    if (this.#served.delete(name)) this.#options.registry.set(ownerOf(name), []);
  }

  /** Names of resources of the group that are not of any definition. */
  othersNames(group: string): readonly Names[] {
    return this.#options.registry
      .resources()
      .filter(({ definition }) => definition.group === group && !this.#ours.has(definition))
      .map(({ definition, singular, listKind }) => ({ ...definition, singular, listKind }));
  }

  #compiled(definition: CustomResourceDefinition, served: Served): ReadonlyMap<string, ResourceDefinition> {
    const { spec, status } = definition;
    const by = this.#options.converterFor(definition);
    served.convertedBy = by?.who;
    return new Map(
      servableVersions(definition).map((version) => {
        const { versions, ...shared } = spec;
        const key = JSON.stringify([
          version,
          shared,
          versions.map(({ name, served: is, storage, deprecated }) => [name, is, storage, deprecated]),
          status.acceptedNames,
          by?.who ?? null,
        ]);
        const input = { definition, version, converter: by?.converter, isTerminating: () => served.isTerminating };
        const compiled = served.versions.get(key) ?? compileDefinition(input);
        this.#ours.add(compiled);
        return [key, compiled];
      }),
    );
  }
}

const ownerOf = (name: string): string => `customresourcedefinition/${name}`;

/** The versions to serve. While a definition goes, its objects are reached by the storage version, which needs nobody to convert it. */
const servableVersions = ({ metadata, spec }: CustomResourceDefinition): readonly DefinitionVersion[] =>
  spec.versions.filter(({ served, storage }) => served || (storage && metadata.deletionTimestamp !== undefined));
