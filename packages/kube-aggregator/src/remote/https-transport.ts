import { identityHeaders, TimeLimit } from "@dataplane/meta";
import type { ApiService } from "../apiservice.js";
import { accessFailure } from "./open-tls.js";
import { RemoteConnections } from "./remote-connections.js";
import { type FrontProxyCredentials, type RemoteTarget, remoteTarget } from "./remote-target.js";
import { type RemoteAnswer, RemoteFailure, type RemoteRequest, type RemoteTransport, type RemoteUpgrade } from "./remote-transport.js";
import type { SentRequest } from "./sent-request.js";
import type { ServiceResolver } from "./service-resolver.js";

export interface HttpsTransportOptions {
  readonly resolver: ServiceResolver;
  /** Asked at each request: they are exchanged while the server runs. */
  readonly credentials: () => FrontProxyCredentials;
}

/** The RemoteTransport of this server. */
export function httpsTransport({ resolver, credentials }: HttpsTransportOptions): RemoteTransport {
  /** By target: APIServices of one server share its connections. */
  const known = new Map<string, RemoteConnections>();
  /** The target that an APIService had last, by its name. */
  const targets = new Map<string, string>();

  const targetOf = (apiService: ApiService): RemoteTarget => {
    if (apiService.service === undefined) throw new RemoteFailure("ServiceNotFound", `${apiService.name} names no service`);
    return remoteTarget(apiService, resolver.resolve(apiService.service), credentials());
  };

  /** Those of the server as it is told now; those that nobody has any more end when nothing is under way in them. */
  const connectionsTo = (apiService: ApiService): RemoteConnections => {
    const target = targetOf(apiService);
    const before = targets.get(apiService.name);
    targets.set(apiService.name, target.id);
    if (before !== undefined && before !== target.id && ![...targets.values()].includes(before)) {
      known.get(before)?.retire();
      known.delete(before);
    }
    const found = known.get(target.id) ?? new RemoteConnections(target);
    known.set(target.id, found);
    return found;
  };

  return {
    request: (service, request) => inTime(request, (sent) => connectionsTo(service).request(sent)),
    upgrade: (service, request) => inTime(request, (sent) => connectionsTo(service).upgrade(sent)),
    close() {
      for (const connections of known.values()) connections.destroy();
      known.clear();
      return Promise.resolve();
    },
  };
}

/** Ends what has no answer in time; the answer itself may take as long as it likes. */
async function inTime<T extends RemoteAnswer | RemoteUpgrade>(
  { user, timeoutMs, signal, method, path, headers, body }: RemoteRequest,
  send: (sent: SentRequest) => Promise<T>,
): Promise<T> {
  const all = Object.fromEntries(Object.entries({ ...headers, ...identityHeaders(user) }).map(([name, value]) => [name, mutable(value)]));
  const limit = new TimeLimit({ ms: timeoutMs, signal, reason: () => new RemoteFailure("ServiceNotAccessible", "no answer in time") });
  try {
    const answer = await send({ method, path, headers: all, ...(body === undefined ? {} : { body }), signal: limit.signal });
    limit.stop();
    return answer;
  } catch (thrown) {
    limit.release();
    if (limit.isOver) throw limit.signal.reason;
    if (signal.aborted) throw thrown;
    throw thrown instanceof RemoteFailure ? thrown : accessFailure("the server", thrown);
  }
}

const mutable = (value: string | readonly string[]): string | string[] => (typeof value === "string" ? value : [...value]);
