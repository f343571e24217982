import { ApiError, type ApiObject, dataPlaneUser, type HttpResponse, notFound } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import type { ComputedSubresource } from "../resource.js";
import { answerObject, answerValue } from "./answer.js";
import { revisionOf } from "./query-flags.js";
import { objectsOf, type VerbCall } from "./verb-call.js";

/** GET of one object: always the newest state, which is also "not older than" any version that was given out. */
export async function get(call: VerbCall): Promise<HttpResponse> {
  return answerObject(call, await found(call));
}

/** GET of a subresource that code answers. Internal ones are for the data plane alone. */
export async function getComputed(call: VerbCall, computed: ComputedSubresource<ApiObject>): Promise<HttpResponse> {
  const { request, resource, info } = call;
  const user = request.context.user;
  if (computed.internal && user?.name !== dataPlaneUser.name) {
    const what = `${resource.definition.plural}/${computed.name}`;
    throw new ApiError("Forbidden", `${what} ${JSON.stringify(info.name)} is forbidden: it is internal to the data plane`);
  }
  const stored = await found(call);
  if (computed.get === undefined)
    throw new ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", { details: {} });
  const object = await computed.get({ object: stored.shownBy(resource).object, hidden: stored.hidden, revision: stored.revision });
  return answerValue(call, object);
}

async function found(call: VerbCall): Promise<StoredValue> {
  const { info, resource, request, services } = call;
  const wanted = revisionOf(request.query.get("resourceVersion"));
  if (wanted !== undefined) await services.cache.reached(wanted);
  const stored = await objectsOf(call).get(info.namespace, info.name);
  if (stored === undefined) throw notFound(resource.definition.plural, info.name, resource.definition.group);
  return stored;
}
