import type { JsonValue } from "@dataplane/meta";

export interface NamedItem {
  readonly step: string;
  readonly item: JsonValue;
}

export interface Placed {
  readonly step: string;
  /** The live item; undefined when there is none, or several that share the name. */
  readonly item: JsonValue | undefined;
  /** A live item that is not in the applied list. */
  readonly taken: boolean;
}

/**
 * The order of a merged list: applied items in their own order, live items that were not applied after the live
 * item they followed.
 */
export function mergeOrder(live: readonly NamedItem[], applied: readonly NamedItem[]): readonly Placed[] {
  const walk = new Walk(live, applied);
  return walk.run();
}

class Walk {
  readonly #live: readonly NamedItem[];
  readonly #applied: readonly NamedItem[];
  readonly #known = new Map<string, JsonValue | undefined>();
  readonly #wanted: ReadonlySet<string>;
  readonly #merged = new Set<string>();
  readonly #shared: string[];
  readonly #out: Placed[] = [];
  #left = 0;
  #right = 0;

  constructor(live: readonly NamedItem[], applied: readonly NamedItem[]) {
    this.#live = live;
    this.#applied = applied;
    for (const { step, item } of live) this.#known.set(step, this.#known.has(step) ? undefined : item);
    this.#wanted = new Set(applied.map(({ step }) => step));
    this.#shared = applied.map(({ step }) => step).filter((step) => this.#known.has(step));
  }

  run(): readonly Placed[] {
    for (;;) {
      const left = this.#live[this.#left];
      const right = this.#applied[this.#right];
      if (left === undefined && right === undefined) return this.#out;
      if (left !== undefined && right !== undefined && this.#takeShared(left, right)) continue;
      if (left !== undefined && this.#takeLive(left)) continue;
      if (right !== undefined) this.#takeApplied(right);
    }
  }

  /** The same item on both sides, or a shared one whose turn has not come. */
  #takeShared(left: NamedItem, right: NamedItem): boolean {
    if (left.step === right.step) {
      this.#place(right.step);
      this.#left++;
      this.#shared.shift();
      return true;
    }
    const next = this.#shared[0];
    if (!this.#wanted.has(left.step) || next === undefined || next === left.step) return false;
    this.#left++;
    return true;
  }

  #takeLive(left: NamedItem): boolean {
    if (!this.#wanted.has(left.step)) {
      this.#out.push({ ...left, taken: true });
      this.#left++;
      return true;
    }
    if (this.#merged.has(left.step)) this.#left++;
    return false;
  }

  #takeApplied(right: NamedItem): void {
    this.#place(right.step);
    if (this.#shared[0] === right.step) this.#shared.shift();
  }

  #place(step: string): void {
    this.#merged.add(step);
    this.#out.push({ step, item: this.#known.get(step), taken: false });
    this.#right++;
  }
}
