import { mediaTypeOf, readBytes } from "@dataplane/apiserver";
import { ApiError, badRequest, type HttpRequest } from "@dataplane/meta";

/** The body as text. Throws BadRequest when it is no UTF-8, RequestEntityTooLarge over `limitBytes`. */
export const readText = (request: HttpRequest, limitBytes: number): Promise<string> => readBytes(request, limitBytes).then(textOf);

const decoder = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw badRequest("the body is not UTF-8", { cause });
  }
}

/**
 * Lets a JSON body through under no Content-Type, `application/json`, and the form type that `curl -d` sends. A browser sends a form
 * across sites without asking first, so a form that comes from a page is refused. Throws UnsupportedMediaType, also for a compressed
 * body, or Forbidden.
 */
export function requireJsonContentType(request: HttpRequest): void {
  const encoding = headerOf(request, "content-encoding")?.toLowerCase() ?? "identity";
  if (encoding !== "identity") throw new ApiError("UnsupportedMediaType", `the body must not be encoded, not even as ${JSON.stringify(encoding)}`);
  const type = mediaTypeOf(request);
  if (type === "" || type === "application/json") return;
  if (type !== "application/x-www-form-urlencoded") {
    throw new ApiError("UnsupportedMediaType", `the body must be application/json, not ${JSON.stringify(type)}`);
  }
  const crossSite = headerOf(request, "sec-fetch-site")?.toLowerCase() === "cross-site";
  if (crossSite || headerOf(request, "origin") !== undefined) {
    throw new ApiError("Forbidden", "a form sent by a web page is refused: send the body as application/json");
  }
}

/** The one value of a header; the first where there are several. `name` is lower case. */
export function headerOf({ headers }: Pick<HttpRequest, "headers">, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}
