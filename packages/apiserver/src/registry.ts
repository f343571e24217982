import type { ApiSource } from "./api-source.js";
import type { ResourceDefinition } from "./resource.js";

/** The resources that are served now. Definitions come and go while the server runs. */
export interface ResourceRegistry extends ApiSource {
  /** Throws a plain Error when the group, version and plural are taken. */
  add(definition: ResourceDefinition): void;
  remove(definition: Pick<ResourceDefinition, "group" | "version" | "plural">): void;
  get(group: string, version: string, plural: string): ResourceDefinition | undefined;
  list(): readonly ResourceDefinition[];
  onChange(listener: () => void): () => void;
}
