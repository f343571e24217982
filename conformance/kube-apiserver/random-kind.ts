import type { Random } from "../testing/random.js";
import type { Step } from "./step.js";

/** A kind whose objects are written at random. */
export interface Kind {
  /** Of the sequences; begins the namespaces too. */
  readonly name: string;
  readonly collection: (namespace: string) => string;
  readonly prepare: readonly Step[];
  readonly object: (random: Random, name: string) => Record<string, unknown>;
  readonly part: (random: Random) => Record<string, unknown>;
  /** Of a strategic merge patch; `part` unless told. */
  readonly strategicPart?: (random: Random) => Record<string, unknown>;
  readonly jsonPatch: (random: Random) => readonly object[];
  readonly hasStrategic: boolean;
  readonly subresources: (random: Random) => readonly { readonly path: string; readonly body: Record<string, unknown> }[];
}

export const metadata = (random: Random, name: string): object => ({
  name,
  ...(random.chance(0.5) ? { labels: { tier: random.pick(["web", "db", "cache"]), ...(random.chance(0.3) ? { extra: "x" } : {}) } } : {}),
  ...(random.chance(0.3) ? { annotations: { note: random.pick(["x", "y"]) } } : {}),
  ...(random.chance(0.1) ? { finalizers: ["example.com/hold"] } : {}),
});

export const partOfMetadata = (random: Random): object =>
  random.pick<object>([
    {},
    { labels: { tier: random.pick(["web", "db", null]) } },
    { annotations: { note: null } },
    { finalizers: null },
    { labels: null },
  ]);
