import { type ApiObject, apiVersionOf, type GroupVersion } from "@dataplane/meta";
import { convertedBy } from "../conversion/convert-stored.js";
import type { StatesInVersion } from "../patch/track-update.js";
import type { VerbCall } from "./verb-call.js";

/**
 * An object before and after a write, in each other version in which someone owns fields of it. Empty where the kind's versions differ in
 * apiVersion alone; versions that are no longer served are left out. Throws what conversions throw.
 */
export async function inOtherVersions(
  { resource, services, request }: VerbCall,
  live: ApiObject | undefined,
  next: ApiObject,
): Promise<ReadonlyMap<string, StatesInVersion>> {
  const { group, plural, versioned } = resource.definition;
  const converter = versioned?.converter;
  if (converter === undefined || live === undefined) return new Map();
  const owners = (live.metadata.managedFields ?? []).map(({ apiVersion }) => apiVersion);
  const states = [...new Set(owners)].map(async (apiVersion): Promise<readonly [string, StatesInVersion] | undefined> => {
    const desired: GroupVersion = { group, version: apiVersion.slice(group.length + 1) };
    const other = services.registry.resolve(group, desired.version, plural);
    if (other === undefined || other.apiVersion === resource.apiVersion || apiVersionOf(desired) !== apiVersion) return undefined;
    const [before, after] = await Promise.all([live, next].map((object) => convertedBy(converter, object, desired, request.signal)));
    return before === undefined || after === undefined ? undefined : [apiVersion, { schema: other.definition.schema, live: before, next: after }];
  });
  return new Map((await Promise.all(states)).filter((it) => it !== undefined));
}
