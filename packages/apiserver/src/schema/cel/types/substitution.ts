import { type CelType, dyn, withParts } from "./cel-type.js";

/** What the type parameters of a check have turned out to be. */
export class Substitution {
  readonly #found = new Map<string, CelType>();
  /** Bound names, oldest first: a trial that fails takes its own back. */
  readonly #trail: string[] = [];

  /** Where a trial begins. */
  get mark(): number {
    return this.#trail.length;
  }

  /** Undoes what was bound since. */
  undo(mark: number): void {
    for (const name of this.#trail.splice(mark)) this.#found.delete(name);
  }

  /** The type with its parameters replaced; unknown ones stay, or become dyn. */
  applied(type: CelType, unknown: "stay" | "dyn" = "stay"): CelType {
    const resolved = this.#resolved(type);
    if (resolved.kind !== "param") return withParts(resolved, (part) => this.applied(part, unknown));
    return unknown === "dyn" ? dyn : resolved;
  }

  /** Whether a value of type `from` may stand where `to` is wanted; parameters are bound on the way, on false too: undo those. */
  assign(from: CelType, to: CelType): boolean {
    const [a, b] = [this.#resolved(from), this.#resolved(to)];
    if (a.kind === "param" && b.kind === "param" && a.name === b.name) return true;
    if (b.kind === "param") return this.#bind(b.name, a);
    if (a.kind === "param") return this.#bind(a.name, b);
    if (isWild(a) || isWild(b)) return true;
    if (a.kind === "null" || b.kind === "null") return isNullable(a) && isNullable(b);
    return this.#assignParts(a, b);
  }

  #assignParts(a: CelType, b: CelType): boolean {
    if (a.kind === "list" || a.kind === "optional") return b.kind === a.kind && this.assign(a.of, b.of);
    if (a.kind === "map") return b.kind === "map" && this.assign(a.key, b.key) && this.assign(a.value, b.value);
    if (a.kind === "object" || a.kind === "opaque") return b.kind === a.kind && a.name === b.name;
    return a.kind === b.kind;
  }

  #resolved(type: CelType): CelType {
    let current = type;
    while (current.kind === "param") {
      const next = this.#found.get(current.name);
      if (next === undefined) return current;
      current = next;
    }
    return current;
  }

  #bind(name: string, type: CelType): boolean {
    if (this.#mentions(type, name)) return false;
    this.#found.set(name, type);
    this.#trail.push(name);
    return true;
  }

  #mentions(type: CelType, name: string): boolean {
    const seen = this.#resolved(type);
    if (seen.kind === "param") return seen.name === name;
    if (seen.kind === "map") return this.#mentions(seen.key, name) || this.#mentions(seen.value, name);
    return (seen.kind === "list" || seen.kind === "optional" || seen.kind === "type") && this.#mentions(seen.of, name);
  }
}

const isWild = ({ kind }: CelType): boolean => kind === "dyn" || kind === "error";

const nullable = new Set(["null", "object", "opaque", "timestamp", "duration"]);
const isNullable = ({ kind }: CelType): boolean => nullable.has(kind);
