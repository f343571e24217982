import { type DiscoveredResource } from "@dataplane/apiserver";
import { apiVersionOf, basePathOf, systemGroups, type UserInfo } from "@dataplane/meta";
import type { ApiService } from "../apiservice.js";
import { discoveredResources } from "../discovery/discovered-resources.js";
import { readBounded } from "./read-bounded.js";
import { RemoteFailure, type RemoteTransport } from "./remote-transport.js";

/** Who looks after the servers behind: their rights are those of an administrator, as kube-aggregator's are. */
export const aggregatorUser: UserInfo = { name: "system:kube-aggregator", groups: [systemGroups.masters, systemGroups.authenticated] };

const probeTimeoutMs = 2_500;
const maxDocumentBytes = 4 * 1024 * 1024;

/**
 * Asks the server behind for what it serves of the group and version: the check of kube-aggregator, and its answer, of use for discovery.
 * Throws RemoteFailure for a server that cannot be reached or says something else.
 */
export async function probe(transport: RemoteTransport, service: ApiService, signal: AbortSignal): Promise<readonly DiscoveredResource[]> {
  const path = basePathOf(service);
  const late = AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]);
  const failed = (why: string): RemoteFailure => new RemoteFailure("FailedDiscoveryCheck", `failing or missing response from ${path}: ${why}`);
  try {
    const headers = { accept: "application/json", "accept-encoding": "identity" };
    const answer = await transport.request(service, { method: "GET", path, headers, user: aggregatorUser, signal: late });
    if (answer.status < 200 || answer.status > 299) {
      answer.discard();
      throw failed(`bad status: ${answer.status}`);
    }
    const resources = discoveredResources(await readBounded(answer, maxDocumentBytes, late), apiVersionOf(service));
    if (resources === undefined) throw failed("it is no list of resources");
    return resources;
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    if (thrown instanceof RemoteFailure) throw isOfProbe(thrown) ? failed(thrown.message) : thrown;
    throw failed(late.aborted ? "no answer in time" : thrown instanceof Error ? thrown.message : String(thrown));
  }
}

const isOfProbe = ({ reason }: RemoteFailure): boolean => reason === "ServiceNotAccessible";
