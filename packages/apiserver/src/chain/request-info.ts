import { badRequest, type HttpRequest, parseFieldSelector, type RequestInfo } from "@dataplane/meta";
import { flag } from "../verbs/query-flags.js";
import type { Filter } from "./filter.js";

/** Parses the path once, for routing and for authorization alike. */
export const resolveRequestInfo: Filter = (request, next) => {
  request.context.info = request.query.size === 0 ? knownRequestInfo(request) : parseRequestInfo(request.method, request.path, request.query);
  return next(request);
};

/** What is asked again and again, without a query: the same method and path always mean the same. */
const known = new Map<string, RequestInfo>();
const mostKnown = 2_000;
const longestKnown = 512;

function knownRequestInfo({ method, path, query }: Pick<HttpRequest, "method" | "path" | "query">): RequestInfo {
  const key = `${method} ${path}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const info = parseRequestInfo(method, path, query);
  if (key.length > longestKnown) return info;
  if (known.size >= mostKnown) known.clear();
  known.set(key, info);
  return info;
}

/**
 * What a method and path ask for. Paths that two parsers could read differently are refused with BadRequest: an encoded slash or
 * backslash, NUL, `.` and `..`, an empty segment that is not the last.
 */
export function parseRequestInfo(method: string, rawPath: string, query: URLSearchParams): RequestInfo {
  const all = decodedSegments(rawPath);
  const path = `/${all.join("/")}`;
  const [root, ...rest] = all;
  // Older paths such as /api/ds/query are none of Kubernetes': only a version makes /api the core group.
  const isCore = root === "api" && isVersion(rest[0]);
  // /openapi/v3/apis/… has segments in the same places, but no group: nobody may answer it for one.
  if (!isCore && root !== "apis")
    return { ...nothing, isResourceRequest: false, path, verb: method.toLowerCase(), group: "", version: "", segments: [] };
  const [group, version, ...segments] = isCore ? ["", ...rest] : rest;
  if (group === undefined || version === undefined || segments.length === 0) {
    return { ...nothing, isResourceRequest: false, path, verb: method.toLowerCase(), group: group ?? "", version: version ?? "", segments };
  }
  const target = targetOf(segments);
  return { ...target, isResourceRequest: true, path, group, version, segments, ...verbAndName(method, target, query) };
}

const isVersion = (text: string | undefined): boolean => text !== undefined && /^v\d+(?:alpha\d+|beta\d+)?$/.test(text);

const nothing = { namespace: "", resource: "", name: "", subresource: "" } as const;

function decodedSegments(rawPath: string): readonly string[] {
  if (!rawPath.startsWith("/")) throw badRequest("the path must begin with /");
  const raw = rawPath.slice(1).split("/");
  if (raw.at(-1) === "") raw.pop();
  return raw.map(decodeSegment);
}

function decodeSegment(raw: string): string {
  const segment = decoded(raw);
  if (segment === "" || segment === "." || segment === ".." || /[/\\\0]/.test(segment)) {
    throw badRequest("the path has a segment that is empty, a dot segment, or holds an encoded slash, backslash or NUL");
  }
  return segment;
}

function decoded(raw: string): string {
  if (!raw.includes("%")) return raw;
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    throw badRequest("the path is not well encoded", { cause });
  }
}

type Target = Pick<RequestInfo, "namespace" | "resource" | "name" | "subresource">;

/** Of `namespaces/x/…` the rest is what is asked for, except for the namespace's own subresources. */
function targetOf(segments: readonly string[]): Target {
  const [first = "", second = "", third] = segments;
  const isNamespaced = first === "namespaces" && third !== undefined && third !== "status" && third !== "finalize";
  const [resource = "", name = "", subresource = ""] = isNamespaced ? segments.slice(2) : segments;
  return { namespace: first === "namespaces" ? second : "", resource, name, subresource };
}

const verbsOfMethods: ReadonlyMap<string, string> = new Map([
  ["GET", "get"],
  ["HEAD", "get"],
  ["POST", "create"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
]);

function verbAndName(method: string, { name }: Target, query: URLSearchParams): Pick<RequestInfo, "verb" | "name"> {
  const verb = verbsOfMethods.get(method) ?? method.toLowerCase();
  if (name !== "") return { verb, name };
  if (verb === "get") return { verb: flag(query, "watch") ? "watch" : "list", name: selectedName(query) };
  return verb === "delete" ? { verb: "deletecollection", name: selectedName(query) } : { verb, name };
}

/** Of a collection narrowed to one name the right to that name is enough. */
function selectedName(query: URLSearchParams): string {
  const selector = query.get("fieldSelector");
  if (selector === null) return "";
  return parseFieldSelector(selector).find(({ path, equal }) => path === "metadata.name" && equal)?.value ?? "";
}
