import type { GroupVersion, JsonObject } from "@dataplane/meta";

/** Objects that could not be converted; `message` names the one at fault. */
export interface ConversionFailure {
  readonly message: string;
}

/** All objects in the order asked, or none. */
export type ConversionOutcome = { readonly converted: readonly JsonObject[] } | { readonly failure: ConversionFailure };

/**
 * Gives objects in another version of their group, in any number. Those that have it already come back as they are. Kind, name,
 * namespace and uid are the same afterwards, and metadata but labels and annotations. Throws ApiError when it could not be asked.
 */
export interface Converter {
  convert(objects: readonly JsonObject[], desired: GroupVersion, signal: AbortSignal): Promise<ConversionOutcome>;
}
