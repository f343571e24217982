import { type Handler, type HttpRequest, type HttpResponse, isJsonObject } from "@dataplane/meta";
import { definitionsRef } from "./definition/custom-resource-definition.js";

/**
 * A write of a definition is answered when the server serves what it says: the writer's next request finds it. `settled` is given the
 * definition's name, or "" where the answer does not tell it.
 */
export const obeyingWrites =
  (delegate: Handler, settled: (name: string) => Promise<void>): Handler =>
  async (request) => {
    const response = await delegate(request);
    if (isWrite(request) && response.status < 300) await settled(request.context.info?.name || nameOf(response));
    return response;
  };

/** Status is written by the controller itself, which must not wait for itself. */
function isWrite({ method, context: { info } }: HttpRequest): boolean {
  if (info === undefined || info.group !== definitionsRef.group || info.resource !== definitionsRef.resource) return false;
  return info.subresource === "" && !["GET", "HEAD", "OPTIONS"].includes(method);
}

/** Of a definition that was made, as far as its answer is plain JSON. */
function nameOf({ headers, body }: HttpResponse): string {
  if (headers["content-encoding"] !== undefined || !(body instanceof Uint8Array)) return "";
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    const metadata = isJsonObject(value) && value["kind"] === "CustomResourceDefinition" ? value["metadata"] : undefined;
    return isJsonObject(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
  } catch {
    return "";
  }
}
