import type { Informer } from "@dataplane/client";
import { type ApiObject, type GroupVersion, type Handler, unavailable } from "@dataplane/meta";
import { type ApiService, apiServiceFrom, apiServicesRef } from "./apiservice.js";

export interface KubeAggregatorOptions {
  /** Serves what is local. */
  readonly delegate: Handler;
  /** Of APIServices; run by the caller. */
  readonly services: Informer<ApiObject>;
}

/** Second in the request path: the APIService of the group and version says who answers. */
export interface KubeAggregator {
  readonly handler: Handler;
  /** True for a group and version that a remote APIService has. */
  isRemote(groupVersion: GroupVersion): boolean;
}

const retryAfterSeconds = 30;

/** A local group and version goes to the delegate; a remote one is unavailable, as its condition says. */
export function createKubeAggregator({ delegate, services }: KubeAggregatorOptions): KubeAggregator {
  // Readers hold one immutable map; each change makes the next.
  let remotes: ReadonlyMap<string, ApiService> = new Map();
  services.onChange(({ type, object }) => {
    const service = apiServiceFrom(object);
    const next = new Map(remotes);
    if (type !== "deleted" && mayBeRemote(service)) next.set(keyOf(service), service);
    else next.delete(keyOf(service));
    remotes = next;
  });
  return {
    async handler(request) {
      const { info } = request.context;
      const remote = info === undefined ? undefined : remotes.get(keyOf(info));
      if (remote === undefined) return delegate(request);
      throw unavailable(`${remote.group}/${remote.version} is not available: see the conditions of APIService ${remote.name}`, retryAfterSeconds);
    },
    isRemote: (groupVersion) => remotes.has(keyOf(groupVersion)),
  };
}

const keyOf = ({ group, version }: GroupVersion): string => `${group}/${version}`;

/** The core group and APIServices themselves stay here: else a slip could not be mended through the API. */
const mayBeRemote = ({ group, service }: ApiService): boolean => service !== undefined && group !== "" && group !== apiServicesRef.group;
