import { type GroupVersion, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

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

  /** A reference to a schema that the manifest does not have says nothing: a client generator would stumble over it. */
  rewrite(value: JsonValue): JsonValue {
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map((it) => this.rewrite(it));
    if (!isJsonObject(value)) return value;
    const { $ref } = value;
    if (typeof $ref === "string") return this.#reference($ref);
    return this.rewriteObject(value);
  }

  rewriteObject(value: JsonObject): JsonObject {
    return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, this.rewrite(it)]));
  }

  #reference(ref: string): JsonObject {
    const name = ref.startsWith(refPrefix) ? ref.slice(refPrefix.length) : undefined;
    return name !== undefined && this.#known.has(name) ? { $ref: `${refPrefix}${this.nameOf(name)}` } : {};
  }
}
