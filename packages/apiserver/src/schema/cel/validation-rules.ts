import type { Cause, JsonObject } from "@dataplane/meta";
import type { StructuralSchema } from "../structural-schema.js";

/** A rule of a schema that cannot be used, as a CRD's validation tells it. `field` is the path within the schema, such as `properties[spec].x-kubernetes-validations[0].rule`. */
export interface RuleProblem {
  readonly field: string;
  readonly reason: Cause["reason"];
  readonly message: string;
}

/** Compiles all rules of a schema with the types that it declares, and estimates what they cost at most. Nothing is evaluated. */
export type CheckRules = (schema: StructuralSchema) => readonly RuleProblem[];

/**
 * What the rules of the schema (of a whole object) say of `object`, in Kubernetes' words; `old` is the stored one, undefined on
 * creation. Rules are compiled once a schema object. Stops with a cause of its own when the cost budget of one write is used up.
 */
export type EvaluateRules = (schema: StructuralSchema, object: JsonObject, old: JsonObject | undefined) => readonly Cause[];
