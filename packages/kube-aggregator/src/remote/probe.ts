import type { DiscoveredResource } from "@dataplane/apiserver";
import { apiVersionOf, basePathOf, type Clock, systemGroups, TimeLimit, type UserInfo } from "@dataplane/meta";
import type { ApiService } from "../apiservice.js";
import { discoveredResources } from "../discovery/discovered-resources.js";
import { readBounded } from "./read-bounded.js";
import { RemoteFailure, type RemoteTransport } from "./remote-transport.js";

/** Who looks after the servers behind: their rights are those of an administrator, as kube-aggregator's are. */
export const aggregatorUser: UserInfo = { name: "system:kube-aggregator", groups: [systemGroups.masters, systemGroups.authenticated] };

/** For all tries of one probe together: with the pause between two probes it is less than 5 s, in which one that is dead is found. */
const probeTimeoutMs = 2_300;
const betweenTriesMs = 100;
const maxDocumentBytes = 4 * 1024 * 1024;

export interface ProbeOptions {
  readonly transport: RemoteTransport;
  readonly service: ApiService;
  /** How often it is asked until it answers well; at least once. */
  readonly tries: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Asks the server behind for what it serves of the group and version: the check of kube-aggregator, and its answer, of use for discovery.
 * Throws RemoteFailure for a server that cannot be reached or says something else.
 */
export async function probe({ transport, service, tries, clock, signal }: ProbeOptions): Promise<readonly DiscoveredResource[]> {
  const limit = new TimeLimit({ ms: probeTimeoutMs, signal });
  try {
    return await askUntilWell({ transport, service, tries, clock }, limit);
  } finally {
    limit.release();
  }
}

async function askUntilWell({ transport, service, tries, clock }: Omit<ProbeOptions, "signal">, limit: TimeLimit) {
  for (let left = tries - 1; ; left--) {
    try {
      return await ask(transport, service, limit.signal);
    } catch (thrown) {
      const failure = failureOf(thrown, service, limit);
      if (left === 0 || !mayPass(failure)) throw failure;
      await clock.sleep(betweenTriesMs, limit.signal).catch(() => undefined);
      if (limit.signal.aborted) throw limit.isOver ? failure : limit.signal.reason;
    }
  }
}

async function ask(transport: RemoteTransport, service: ApiService, late: AbortSignal): Promise<readonly DiscoveredResource[]> {
  const path = basePathOf(service);
  const headers = { accept: "application/json", "accept-encoding": "identity" };
  const answer = await transport.request(service, { method: "GET", path, headers, user: aggregatorUser, signal: late });
  if (answer.status < 200 || answer.status > 299) {
    answer.discard();
    throw new Error(`bad status: ${answer.status}`);
  }
  const resources = discoveredResources(await readBounded(answer, maxDocumentBytes, late), apiVersionOf(service));
  if (resources === undefined) throw new Error("it is no list of resources");
  return resources;
}

/** In kube-aggregator's words. Throws what is no failure of the server behind: that nobody waits any more. */
function failureOf(thrown: unknown, service: ApiService, { signal, isOver }: TimeLimit): RemoteFailure {
  if (signal.aborted && !isOver) throw thrown;
  if (thrown instanceof RemoteFailure && thrown.reason !== "ServiceNotAccessible") return thrown;
  const why = isOver ? "no answer in time" : thrown instanceof Error ? thrown.message : String(thrown);
  return new RemoteFailure("FailedDiscoveryCheck", `failing or missing response from ${basePathOf(service)}: ${why}`);
}

/** What is stored of its Service does not change between two tries. */
const mayPass = ({ reason }: RemoteFailure): boolean => reason === "FailedDiscoveryCheck";
