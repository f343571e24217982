import { type HttpResponse, notFound } from "@dataplane/meta";
import { StoreUnavailable } from "@dataplane/storage";
import type { StoredValue } from "../codec.js";
import { answerObject } from "./answer.js";
import { revisionOf } from "./query-flags.js";
import { objectsOf, type VerbCall } from "./verb-call.js";

/** GET of one object: always the newest state, which is also "not older than" any version that was given out. */
export async function get(call: VerbCall): Promise<HttpResponse> {
  return answerObject(call, await found(call));
}

/** The object that is asked for, in its newest state. Throws NotFound. */
export async function found(call: VerbCall): Promise<StoredValue> {
  const { info, resource, request, services } = call;
  const wanted = revisionOf(request.query.get("resourceVersion"));
  if (wanted !== undefined) await services.cache.reached(wanted);
  const objects = objectsOf(call);
  const stored = await objects.get(info.namespace, info.name).catch((thrown: unknown) => {
    // "0" takes any state: the one in memory will do while the store is away.
    if (wanted !== 0n || !(thrown instanceof StoreUnavailable)) throw thrown;
    return objects.cached(info.namespace, info.name);
  });
  if (stored === undefined) throw notFound(resource.definition.plural, info.name, resource.definition.group);
  return stored;
}
