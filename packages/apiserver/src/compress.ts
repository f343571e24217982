import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { HttpBody, HttpRequest, HttpResponse } from "@dataplane/meta";

const gzipAsync = promisify(gzip);

/** Below this, compressing costs more than it saves on any network that an API server stands in. */
const thresholdBytes = 128 * 1024;

/** Large answers are gzipped when the client takes it; streams never are. */
export async function compressed(request: HttpRequest, response: HttpResponse): Promise<HttpResponse> {
  if (response.headers["content-encoding"] !== undefined || !takesGzip(request)) return response;
  const bytes = largeBytes(response.body);
  if (bytes === undefined) return response;
  const body = await gzipAsync(bytes, { level: constants.Z_BEST_SPEED });
  return { ...response, headers: { ...response.headers, "content-encoding": "gzip", vary: "Accept-Encoding" }, body };
}

function largeBytes(body: HttpBody | undefined): Uint8Array | undefined {
  if (body instanceof Uint8Array) return body.byteLength > thresholdBytes ? body : undefined;
  if (!Array.isArray(body)) return undefined;
  const pieces = body.filter((piece): piece is Uint8Array => piece instanceof Uint8Array);
  const size = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return size > thresholdBytes ? Buffer.concat(pieces, size) : undefined;
}

function takesGzip({ headers }: HttpRequest): boolean {
  const header = headers["accept-encoding"];
  const text = typeof header === "string" ? header : (header ?? []).join(",");
  return text.split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((it) => it.trim().toLowerCase());
    return coding === "gzip" && !parameters.some((it) => it.startsWith("q=") && Number(it.slice(2)) === 0);
  });
}
