import { appManifestsRef } from "@dataplane/aggregator";
import type { Handler, HttpRequest } from "@dataplane/meta";

/** A write of an AppManifest is answered when its kinds are served: the writer's next request finds them. */
export const obeyingManifests =
  (delegate: Handler, settled: () => Promise<void>): Handler =>
  async (request) => {
    const response = await delegate(request);
    if (isWrite(request) && response.status < 300) await settled();
    return response;
  };

/** Status is written by the controllers themselves, which must not wait for themselves. */
function isWrite({ method, context: { info } }: HttpRequest): boolean {
  if (info === undefined || info.group !== appManifestsRef.group || info.resource !== appManifestsRef.resource) return false;
  return info.subresource === "" && !["GET", "HEAD", "OPTIONS"].includes(method);
}
