import type { Awaitable, Call } from "./call.js";
import { BadRequestError } from "./plugin-error.js";
import { jsonResponse, type ResourceHandler, type ResourceRequest, type ResourceResponse } from "./resource.js";

/** A handler for one pattern: `params` holds what stood in the places of `{name}`, decoded. */
export type RouteHandler = (
  request: ResourceRequest & { readonly params: Readonly<Record<string, string>> },
  call: Call,
) => Awaitable<ResourceResponse>;

export interface ResourceRoute {
  readonly methods: readonly string[];
  readonly segments: readonly string[];
  readonly handler: RouteHandler;
}

/**
 * One route of a router. `method` is one name, several with `|` between them, or `*`. `pattern` is a path whose segments may be
 * `{name}`, and whose last one may be `{name...}` for all that follows.
 */
export function route(method: string, pattern: string, handler: RouteHandler): ResourceRoute {
  return { methods: method.split("|"), segments: segmentsOf(pattern), handler };
}

/** A `callResource` that picks the first route that fits: 404 without one, 405 with `Allow` when only the method is wrong. */
export function resourceRouter(routes: readonly ResourceRoute[]): ResourceHandler {
  return async (request, call) => {
    const given = segmentsOf(request.path);
    const allowed = new Set<string>();
    for (const { methods, segments, handler } of routes) {
      const params = match(segments, given);
      if (params === undefined) continue;
      if (methods.includes("*") || methods.includes(request.method)) return handler({ ...request, params }, call);
      for (const method of methods) allowed.add(method);
    }
    if (allowed.size === 0) return jsonResponse({ message: `no resource ${request.path}` }, 404);
    const allow = [...allowed].join(", ");
    const refused = jsonResponse({ message: `${request.method} is not allowed here` }, 405);
    return { ...refused, headers: { ...refused.headers, allow } };
  };
}

const segmentsOf = (path: string) => path.split("/").filter((segment) => segment !== "");

function match(pattern: readonly string[], given: readonly string[]): Readonly<Record<string, string>> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    if (segment.startsWith("{") && segment.endsWith("...}")) {
      params[segment.slice(1, -4)] = given.slice(index).map(decode).join("/");
      return params;
    }
    const value = given[index];
    if (value === undefined) return undefined;
    if (segment.startsWith("{") && segment.endsWith("}")) params[segment.slice(1, -1)] = decode(value);
    else if (segment !== value) return undefined;
  }
  return given.length === pattern.length ? params : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new BadRequestError("the path is not correctly escaped", { cause });
  }
}
