import type { Informer } from "@dataplane/client";
import { type ApiObject, type GroupVersion, type Handler, unavailable } from "@dataplane/meta";
import { type ApiService, apiServiceFrom, apiServicesRef } from "./apiservice.js";
import { proxyRequest } from "./proxy/proxy-request.js";
import type { RemoteTransport } from "./remote/remote-transport.js";

export interface KubeAggregatorOptions {
  /** Serves what is local. */
  readonly delegate: Handler;
  /** Of APIServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  /** To the servers behind the others. */
  readonly transport: RemoteTransport;
  /** The Service of the API server that is this server's own, where that is another process: what it has is no foreign group. */
  readonly ownService?: { readonly namespace: string; readonly name: string };
}

/** Second in the request path: the APIService of the group and version says who answers. */
export interface KubeAggregator {
  readonly handler: Handler;
  /** True for a group and version that a remote APIService has. */
  isRemote(groupVersion: GroupVersion): boolean;
}

const retryAfterSeconds = 1;

/** A local group and version goes to the delegate; a remote one to its server, unless its condition says that it is of no use. */
export function createKubeAggregator({ delegate, services, transport, ownService }: KubeAggregatorOptions): KubeAggregator {
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
      if (isKnownAway(remote)) {
        throw unavailable(`${remote.group}/${remote.version} is not available: see the conditions of APIService ${remote.name}`, retryAfterSeconds);
      }
      return proxyRequest(transport, remote, request);
    },
    isRemote(groupVersion) {
      const service = remotes.get(keyOf(groupVersion))?.service;
      return service !== undefined && (service.namespace !== ownService?.namespace || service.name !== ownService.name);
    },
  };
}

const keyOf = ({ group, version }: GroupVersion): string => `${group}/${version}`;

/** One that nobody has looked at yet is tried. */
const isKnownAway = ({ conditions }: ApiService): boolean => conditions.some(({ type, status }) => type === "Available" && status === "False");

/** The core group and APIServices themselves stay here: else a slip could not be mended through the API. */
const mayBeRemote = ({ group, service }: ApiService): boolean => service !== undefined && group !== "" && group !== apiServicesRef.group;
