import type { HttpRequest } from "@dataplane/meta";

/**
 * The path of a resource call as plugins expect it: decoded, without a leading slash, with the trailing one that was sent. The Go SDK
 * reads it as a URL once more, so what would end the path there, or be refused, stays encoded: `%`, `?`, `#` and control characters.
 */
export function resourcePath(request: Pick<HttpRequest, "path">, path: string): string {
  return withSentSlash(request, path).replace(/[%?#\x00-\x1f\x7f]/g, encodeURIComponent);
}

/** The URL of a resource call: the path with each segment encoded, and the query as it was sent. `path` is decoded. */
export function resourceUrl(request: Pick<HttpRequest, "path" | "query" | "rawQuery">, path: string): string {
  const encoded = withSentSlash(request, path).split("/").map(encodeSegment).join("/");
  const query = request.rawQuery ?? request.query.toString();
  return query === "" ? encoded : `${encoded}?${asciiOnly(query)}`;
}

/** Segments say nothing of a slash at the end. */
const withSentSlash = ({ path: sent }: Pick<HttpRequest, "path">, path: string): string =>
  path !== "" && sent.endsWith("/") && !path.endsWith("/") ? `${path}/` : path;

/** As Go's net/url writes a segment, but for the colon: in a first segment it would read as a scheme. */
const encodeSegment = (segment: string): string =>
  encodeURIComponent(segment)
    .replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(?:24|26|2B|2C|3B|3D|40)/g, decodeURIComponent);

/** Some clients send bytes as they are; they come read as Latin-1. */
const asciiOnly = (query: string): string =>
  query.replace(/[^\x21-\x7e]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
