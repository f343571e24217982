/** A group and version of the API; the core group is "". */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

export interface GroupVersionKind extends GroupVersion {
  readonly kind: string;
}

export interface GroupVersionResource extends GroupVersion {
  readonly resource: string;
}

/** `group/version`, or `version` alone for the core group: what `apiVersion` holds. */
export const apiVersionOf = ({ group, version }: GroupVersion): string => (group === "" ? version : `${group}/${version}`);

/** The reverse of {@link apiVersionOf}; undefined when there are more than two parts or an empty one. */
export function parseApiVersion(apiVersion: string): GroupVersion | undefined {
  const parts = apiVersion.split("/");
  const [first, second] = parts;
  if (parts.length > 2 || first === undefined || first === "" || second === "") return undefined;
  return second === undefined ? { group: "", version: first } : { group: first, version: second };
}

/** `/api/v1` or `/apis/<group>/<version>`: where a group and version is served. */
export const basePathOf = ({ group, version }: GroupVersion): string => (group === "" ? `/api/${version}` : `/apis/${group}/${version}`);
