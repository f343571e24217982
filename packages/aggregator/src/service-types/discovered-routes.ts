import type { PluginRoute } from "./service-type.js";

const verbsOf: Readonly<Record<string, readonly string[]>> = {
  GET: ["get"],
  POST: ["create"],
  PUT: ["update"],
  PATCH: ["patch"],
  DELETE: ["delete"],
  "*": ["create", "delete", "get", "patch", "update"],
};

/**
 * Custom routes as discovery shows them: named by their literal segments (`reports/rows` for `reports/{id}/rows`), each name once, with
 * the verbs of all routes that share it.
 */
export function discoveredRoutes(routes: readonly PluginRoute[]): readonly PluginRoute[] {
  const shown = new Map<string, { readonly first: PluginRoute; readonly verbs: Set<string> }>();
  for (const route of routes) {
    const name = nameOf(route.path);
    const known = shown.get(name) ?? { first: route, verbs: new Set() };
    for (const verb of route.methods.flatMap((method) => verbsOf[method] ?? [])) known.verbs.add(verb);
    if (name !== "") shown.set(name, known);
  }
  const firsts = new Map([...shown].map(([name, { first, verbs }]) => [first, { name, kind: "ResourceCallResponse", verbs: [...verbs].sort() }]));
  return routes.map((route) => {
    const discovered = firsts.get(route);
    return discovered === undefined ? route : { ...route, discovered };
  });
}

const nameOf = (path: string): string =>
  path
    .replace(/^namespaces\/\{namespace\}\//, "")
    .split("/")
    .filter((segment) => segment !== "*" && !segment.startsWith("{"))
    .join("/");
