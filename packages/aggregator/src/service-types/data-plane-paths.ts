/** Below a data source, or a connection. */
const ofDataSource = new Set(["query", "health", "resources", "stream", "proxy", "access"]);
/** Below a namespace, of an app. */
const ofApp = new Set(["health", "access", "query", "resources", "stream"]);
/** Below the group and version. */
const ofVersion = new Set(["metrics", "convert", "admission"]);

/**
 * Whether a path could be a fixed one of the data plane's, whichever services there are: `segments` are the decoded ones after
 * `/apis/G/V`.
 */
export function isDataPlanePath(segments: readonly string[]): boolean {
  const [first = "", , resource = "", name, subresource] = segments;
  if (first !== "namespaces") return isVersionPath(segments);
  if (resource === "datasources" || resource === "connections") return subresource !== undefined && ofDataSource.has(subresource);
  if (resource === "queries") return name !== undefined && subresource === "run";
  const hasRest = resource === "resources" || resource === "stream";
  return ofApp.has(resource) && (hasRest || segments.length === 3);
}

function isVersionPath([first = "", second, ...rest]: readonly string[]): boolean {
  if (first === "admission") return (second === "mutate" || second === "validate") && rest.length === 0;
  return ofVersion.has(first) && second === undefined;
}
