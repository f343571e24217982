import type { Authorizer, Decision } from "@dataplane/apiserver";
import { notFound, type UserInfo } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion } from "@dataplane/plugin-host";

export interface AskedOfDataSource {
  readonly pluginId: string;
  readonly namespace: string;
  readonly uid: string;
  readonly verb: string;
  /** Empty for the data source itself. */
  readonly subresource: string;
}

/** Asks, for a path that names no group, as a request in the plugin's own group would be asked. Throws NotFound when the plugin has none. */
export async function decideOnDataSource(
  user: UserInfo,
  authorizer: Authorizer,
  { pluginId, namespace, uid, verb, subresource }: AskedOfDataSource,
): Promise<Decision> {
  const group = ownGroupOf(pluginId);
  if (group === undefined) throw notFound("datasources", uid);
  const segments = ["namespaces", namespace, "datasources", uid, ...(subresource === "" ? [] : [subresource])];
  const path = `/apis/${group}/${ownGroupVersion}/${segments.join("/")}`;
  const target = { group, version: ownGroupVersion, namespace, resource: "datasources", name: uid, subresource, segments };
  return authorizer.authorize(user, { isResourceRequest: true, path, verb, ...target });
}
