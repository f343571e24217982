const subresources = new Set(["query", "health", "resources", "stream", "proxy", "access"]);

/** Whether a path could be a data plane's, whichever services there are: `segments` are the decoded ones after `/apis/G/V`. */
export function isDataPlanePath(segments: readonly string[]): boolean {
  const [first, , resource, , subresource] = segments;
  if (first !== "namespaces") return segments.length === 1 && first === "metrics";
  return (resource === "datasources" || resource === "connections") && subresource !== undefined && subresources.has(subresource);
}
