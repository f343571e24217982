import { ApiError, badRequest, type HttpRequest } from "@dataplane/meta";

/** The whole body. Throws RequestEntityTooLarge over `limitBytes`, before more than that was kept. */
export async function readBody(request: HttpRequest, limitBytes: number): Promise<Uint8Array> {
  if (Number(headerOf(request, "content-length") ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request.body) {
    length += piece.byteLength;
    if (length > limitBytes) throw tooLarge(limitBytes);
    pieces.push(piece);
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, length);
}

/** The body as text. Throws BadRequest when it is no UTF-8. */
export async function readText(request: HttpRequest, limitBytes: number): Promise<string> {
  const bytes = await readBody(request, limitBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw badRequest("the body is not UTF-8", { cause });
  }
}

/**
 * Lets a JSON body through under no Content-Type, `application/json`, and the form type that `curl -d` sends. A browser sends a form
 * across sites without asking first, so a form that comes from a page is refused. Throws UnsupportedMediaType or Forbidden.
 */
export function requireJsonContentType(request: HttpRequest): void {
  const type = headerOf(request, "content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
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

const tooLarge = (limitBytes: number): ApiError => new ApiError("RequestEntityTooLarge", `the body is larger than the limit of ${limitBytes} bytes`);
