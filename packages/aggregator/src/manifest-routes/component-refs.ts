import type { GroupVersion } from "@dataplane/meta";

const refPrefix = "#/components/schemas/";

/** Renames a manifest's schemas so that they meet no other's in one document, and the references to them. */
export class ComponentRefs {
  readonly #prefix: string;
  readonly #known: ReadonlySet<string>;

  constructor({ group, version }: GroupVersion, names: Iterable<string>) {
    this.#prefix = `${group.split(".").toReversed().join(".")}.${version}.routes.`;
    this.#known = new Set(names);
  }

  /** The name in the document. */
  nameOf(name: string): string {
    return `${this.#prefix}${name.replace(/[^\w.-]/g, "_")}`;
  }

  /** Undefined for a schema that the manifest does not have. */
  readonly refOf = (ref: string): string | undefined => {
    const name = ref.startsWith(refPrefix) ? ref.slice(refPrefix.length) : undefined;
    return name !== undefined && this.#known.has(name) ? `${refPrefix}${this.nameOf(name)}` : undefined;
  };
}
