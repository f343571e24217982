import type { ApiClient, Informer } from "@dataplane/client";
import { type Again, createController, type WhileLeading } from "@dataplane/controller";
import { type ApiObject, aborted, type Clock, type Condition, type JsonObject, type Logger, setCondition, tolerating } from "@dataplane/meta";
import { type ApiService, apiServiceFrom, apiServicesRef } from "./apiservice.js";
import type { RemoteGroups } from "./discovery/remote-groups.js";
import { remoteOpenApiController } from "./discovery/remote-openapi-controller.js";
import { probe } from "./remote/probe.js";
import { RemoteFailure, type RemoteTransport } from "./remote/remote-transport.js";
import { Steadiness } from "./steadiness.js";

export interface AvailabilityOptions {
  readonly client: ApiClient;
  /** Of APIServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  readonly transport: RemoteTransport;
  /** Is told what the servers behind serve. */
  readonly remoteGroups: RemoteGroups;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the Available condition of each APIService true to the facts. */
export interface ApiServiceAvailabilityController {
  /** What is behind the Service `<namespace>/<name>` may be somewhere else now. */
  lookAgain(service: string): void;
  /**
   * Until `signal` aborts. Every server asks for itself, since it serves what it finds; the condition is written by this one, or, of several on
   * one store, by the one that leads.
   */
  run(signal: AbortSignal, whileLeading?: WhileLeading): Promise<void>;
}

/**
 * A server that is well is asked this often; one that is not, more often, so that it is back soon. Neither fits a second, so that what comes
 * and goes each second is met at ever other moments of it: the first a little later each time, since tries that are repeated until the server
 * is back would otherwise stay at the end of its absence for ever.
 */
const whileWellMs = 2_100;
const whileAwayMs = 430;
/** One lost packet does not make a server unavailable; one that is away has to be well each time it is asked. */
const triesWhileWell = 3;
/** Other words for the same reason are news this often at most: refused now, reset then is one story. */
const newWordsEveryMs = 30_000;

type Verdict = Omit<Condition, "lastTransitionTime">;

const local: Verdict = { type: "Available", status: "True", reason: "Local", message: "Local APIServices are always available" };
const passed: Verdict = { type: "Available", status: "True", reason: "Passed", message: "all checks passed" };

export function apiServiceAvailabilityController(options: AvailabilityOptions): ApiServiceAvailabilityController {
  const { client, services, transport, remoteGroups, clock, logger } = options;
  const now = (): number => clock.now().getTime();
  const steadiness = new Steadiness(now);
  const descriptions = remoteOpenApiController({ services, transport, remoteGroups, clock, logger });
  /** By APIService: the Service behind it, and when its condition was last told in other words. */
  const behind = new Map<string, string>();
  const toldAt = new Map<string, number>();
  const judge = { isElsewhere: false };

  const forget = (name: string): void => {
    remoteGroups.forget(name);
    steadiness.forget(name);
    behind.delete(name);
    toldAt.delete(name);
  };

  /** Undefined: what is known of it stays as it is. */
  const judged = async (service: ApiService, signal: AbortSignal): Promise<Verdict | undefined> => {
    try {
      const tries = steadiness.isInDoubt(service.name) ? 1 : triesWhileWell;
      const resources = await probe({ transport, service, tries, clock, signal });
      if (!steadiness.isUp(service.name)) return undefined;
      if (remoteGroups.saw(service, resources)) descriptions.enqueue(service.name);
      return passed;
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof RemoteFailure)) throw thrown;
      // It was asked as it was told before, with an authority or an address that are exchanged: that says nothing of it as it is told now.
      if (isOtherNow(services.get(service.name), service)) return undefined;
      steadiness.isDown(service.name);
      remoteGroups.lost(service);
      return { type: "Available", status: "False", reason: thrown.reason, message: thrown.message };
    }
  };

  const isNews = (stands: Condition | undefined, wanted: Verdict, name: string): boolean => {
    if (stands?.status !== wanted.status || stands.reason !== wanted.reason) return true;
    return stands.message !== wanted.message && now() - (toldAt.get(name) ?? -Infinity) >= newWordsEveryMs;
  };

  const write = async (object: ApiObject, service: ApiService, wanted: Verdict, signal: AbortSignal): Promise<void> => {
    const stands = service.conditions.find(({ type }) => type === "Available");
    if (judge.isElsewhere || !isNews(stands, wanted, service.name)) return;
    await writeCondition(client, object, setCondition(service.conditions, wanted, clock.now()), signal);
    toldAt.set(service.name, now());
  };

  const controller = createController({
    name: "apiservice-availability",
    // One that is silent must not hold up the others.
    concurrency: 256,
    clock,
    logger,
    async reconcile(name, signal): Promise<Again | undefined> {
      const object = services.get(name);
      const service = object === undefined ? undefined : apiServiceFrom(object);
      if (object === undefined || service?.service === undefined) {
        forget(name);
        if (object !== undefined && service !== undefined) await write(object, service, local, signal);
        return undefined;
      }
      behind.set(name, `${service.service.namespace}/${service.service.name}`);
      remoteGroups.expects(service);
      const verdict = await judged(service, signal);
      const latest = services.get(name);
      if (verdict !== undefined && latest !== undefined) await write(latest, apiServiceFrom(latest), verdict, signal);
      return { afterMs: verdict?.status === "True" ? whileWellMs : whileAwayMs };
    },
  });

  return {
    lookAgain(moved) {
      for (const [name, service] of behind) if (service === moved) controller.enqueue(name);
    },
    async run(signal, whileLeading) {
      const stop = services.onChange(({ object }) => controller.enqueue(object.metadata.name));
      const lookAtAll = (): void => {
        for (const { metadata } of services.list()) controller.enqueue(metadata.name);
      };
      if (whileLeading !== undefined) {
        judge.isElsewhere = true;
        const run = async (held: AbortSignal): Promise<void> => {
          judge.isElsewhere = false;
          lookAtAll();
          await aborted(held);
          judge.isElsewhere = true;
        };
        whileLeading("conditions of APIServices", () => ({ run }));
      }
      lookAtAll();
      await Promise.all([controller.run(signal), descriptions.run(signal)]);
      stop();
    },
  };
}

/** Whether somebody else would be asked, or in another way, than when `before` was read. */
function isOtherNow(object: ApiObject | undefined, before: ApiService): boolean {
  if (object === undefined) return true;
  const { service, caBundle, insecureSkipTlsVerify } = apiServiceFrom(object);
  return (
    JSON.stringify([service, caBundle, insecureSkipTlsVerify]) !== JSON.stringify([before.service, before.caBundle, before.insecureSkipTlsVerify])
  );
}

async function writeCondition(client: ApiClient, object: ApiObject, conditions: readonly Condition[], signal: AbortSignal): Promise<void> {
  const { name, resourceVersion } = object.metadata;
  const patch: JsonObject = {
    metadata: resourceVersion === undefined ? {} : { resourceVersion },
    status: { conditions: conditions.map((it): JsonObject => ({ ...it })) },
  };
  const ref = { name, subresource: "status" };
  const written = client.patch(apiServicesRef, ref, "application/merge-patch+json", patch, { fieldManager: "apiservice-availability" }, signal);
  // Changed or gone meanwhile: the watch brings it, and it is looked at again.
  await tolerating(written, "NotFound", "Conflict");
}
