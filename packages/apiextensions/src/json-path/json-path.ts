import type { JsonValue } from "@dataplane/meta";

/** One step of a path, from each value found so far to those below it. */
export type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "wildcard" }
  /** `..`: the value and all objects and lists in it. */
  | { readonly kind: "descendants" }
  | { readonly kind: "slice"; readonly from: number | undefined; readonly to: number | undefined; readonly step: number }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "union"; readonly paths: readonly JsonPath[] }
  | { readonly kind: "filter"; readonly filter: Filter };

export const comparisons = ["==", "!=", "<=", ">=", "<", ">"] as const;
export type Comparison = (typeof comparisons)[number];

/** Which items of a list are kept: those that have `path`, or where it compares so with a value. */
export interface Filter {
  readonly path: JsonPath;
  readonly comparison?: { readonly operator: Comparison; readonly right: JsonPath | { readonly value: JsonValue } };
}

export type JsonPath = readonly Step[];
