import { type Handler, type HttpRequest, type HttpResponse, isJsonObject } from "@dataplane/meta";

/** A kind of objects that say what else the server is to serve. */
export interface ObeyedKind {
  readonly group: string;
  readonly resource: string;
  readonly kind: string;
}

/**
 * A write of such an object is answered when the server serves what it says: the writer's next request finds it. `settled` is given the
 * object's name, or "" where the answer does not tell it.
 */
export const obeyingWrites =
  (obeyed: ObeyedKind, delegate: Handler, settled: (name: string) => Promise<void>): Handler =>
  async (request) => {
    const response = await delegate(request);
    if (isWrite(request, obeyed) && response.status < 300) await settled(request.context.info?.name || nameOf(response, obeyed));
    return response;
  };

/** Status is written by the controller itself, which must not wait for itself. */
function isWrite({ method, context: { info } }: HttpRequest, { group, resource }: ObeyedKind): boolean {
  if (info?.group !== group || info.resource !== resource) return false;
  return info.subresource === "" && !["GET", "HEAD", "OPTIONS"].includes(method);
}

/** Of an object that was made, as far as its answer is plain JSON. */
function nameOf({ headers, body }: HttpResponse, { kind }: ObeyedKind): string {
  if (headers["content-encoding"] !== undefined || !(body instanceof Uint8Array)) return "";
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    const metadata = isJsonObject(value) && value["kind"] === kind ? value["metadata"] : undefined;
    return isJsonObject(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
  } catch {
    return "";
  }
}
