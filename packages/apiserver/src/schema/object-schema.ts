import type { ApiObject } from "@dataplane/meta";
import { type Fields, type InferFields, s } from "./builder.js";
import type { Schema } from "./schema.js";

/** An object of the API with these top-level fields beside apiVersion, kind and metadata. */
export type ObjectWith<F> = ApiObject & F;

/**
 * The `schema` of a ResourceDefinition, with its type: the top-level fields but apiVersion, kind and metadata.
 * `objectSchema({ spec: s.object({ … }), status: s.object({ … }).optional() })`
 */
export const objectSchema = <F extends Fields>(fields: F): Schema<InferFields<F>> => s.object(fields);

/** The object type of a definition (or of the schema given to it): `type Widget = ObjectOf<typeof widgets>`. */
export type ObjectOf<D> =
  D extends Schema<infer F>
    ? ObjectWith<F>
    : D extends { readonly validate?: (object: infer T extends ApiObject, old: never) => unknown }
      ? T
      : never;
