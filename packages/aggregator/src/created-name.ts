import { type HttpResponse, isJsonObject } from "@dataplane/meta";

/**
 * The name of the object that an answer to a POST shows; the request's path has none. Undefined where the answer does not say: it may be
 * a Table, or in another encoding.
 */
export function createdName({ body }: Pick<HttpResponse, "body">): string | undefined {
  const text = textOf(body);
  if (text === undefined) return undefined;
  try {
    const object: unknown = JSON.parse(text);
    const metadata = isJsonObject(object) ? object["metadata"] : undefined;
    const name = isJsonObject(metadata) ? metadata["name"] : undefined;
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}

function textOf(body: HttpResponse["body"]): string | undefined {
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  if (!Array.isArray(body)) return undefined;
  const pieces: readonly Uint8Array[] = body;
  return Buffer.concat(pieces).toString("utf8");
}
