import type { ApiClient, Informer } from "@dataplane/client";
import { type Again, createController } from "@dataplane/controller";
import { type ApiObject, type Clock, type Condition, type JsonObject, type Logger, setCondition, tolerating } from "@dataplane/meta";
import { type ApiService, apiServiceFrom, apiServicesRef } from "./apiservice.js";
import type { RemoteGroups } from "./discovery/remote-groups.js";
import { type RemoteDescription, remoteOpenApi } from "./discovery/remote-openapi.js";
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
  /** A server behind may be somewhere else, or somebody could not reach it: `name` is the APIService's; all of them without it. */
  lookAgain(name?: string): void;
  /** Until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** A server that is well is asked this often; one that is not, more often, so that it is back soon. */
const whileWellMs = 2_000;
const whileAwayMs = 500;
/** How old what is known of a server's OpenAPI may be. */
const describeEveryMs = 60_000;

type Verdict = Omit<Condition, "lastTransitionTime">;

const local: Verdict = { type: "Available", status: "True", reason: "Local", message: "Local APIServices are always available" };
const passed: Verdict = { type: "Available", status: "True", reason: "Passed", message: "all checks passed" };

export function apiServiceAvailabilityController(options: AvailabilityOptions): ApiServiceAvailabilityController {
  const { client, services, transport, remoteGroups, clock, logger } = options;
  const steadiness = new Steadiness(() => clock.now().getTime());
  const descriptions = new Map<string, { readonly at: number; readonly description: RemoteDescription | undefined }>();

  const forget = (name: string): void => {
    remoteGroups.forget(name);
    steadiness.forget(name);
    descriptions.delete(name);
  };

  /** Undefined: what is known of it stays as it is. */
  const judged = async (service: ApiService, signal: AbortSignal): Promise<Verdict | undefined> => {
    try {
      const resources = await probe(transport, service, signal);
      if (!steadiness.isUp(service.name)) return undefined;
      remoteGroups.saw(service, resources);
      return passed;
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof RemoteFailure)) throw thrown;
      steadiness.isDown(service.name);
      remoteGroups.lost(service);
      return { type: "Available", status: "False", reason: thrown.reason, message: thrown.message };
    }
  };

  const describe = async (service: ApiService, signal: AbortSignal): Promise<void> => {
    const known = descriptions.get(service.name);
    const now = clock.now().getTime();
    if (known !== undefined && now - known.at < describeEveryMs) return;
    descriptions.set(service.name, { at: now, description: known?.description });
    try {
      const description = await remoteOpenApi(transport, service, known?.description, signal);
      descriptions.set(service.name, { at: now, description });
      if (description !== undefined) remoteGroups.describes(service, description.openapi);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      logger.warn({ apiService: service.name, error }, "the OpenAPI document of a server behind could not be read; what is known of it stays");
    }
  };

  const write = async (object: ApiObject, service: ApiService, wanted: Verdict, signal: AbortSignal): Promise<void> => {
    const stands = service.conditions.find(({ type }) => type === "Available");
    if (stands?.status === wanted.status && stands.reason === wanted.reason && stands.message === wanted.message) return;
    await writeCondition(client, object, setCondition(service.conditions, wanted, clock.now()), signal);
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
      const verdict = await judged(service, signal);
      // It may have been written since the question was asked.
      const now = services.get(name) ?? object;
      if (verdict !== undefined) await write(now, apiServiceFrom(now), verdict, signal);
      if (verdict?.status !== "True") return { afterMs: whileAwayMs };
      // A document may take its time; whether the server is well must not wait for it.
      void describe(service, signal);
      return { afterMs: whileWellMs };
    },
  });

  return {
    lookAgain(name) {
      if (name !== undefined) controller.enqueue(name);
      else for (const { metadata } of services.list()) controller.enqueue(metadata.name);
    },
    async run(signal) {
      const stop = services.onChange(({ object }) => controller.enqueue(object.metadata.name));
      for (const { metadata } of services.list()) controller.enqueue(metadata.name);
      await controller.run(signal);
      stop();
    },
  };
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
