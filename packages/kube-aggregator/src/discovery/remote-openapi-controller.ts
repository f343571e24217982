import type { Informer } from "@dataplane/client";
import { type Again, createController } from "@dataplane/controller";
import type { ApiObject, Clock, Logger } from "@dataplane/meta";
import { apiServiceFrom } from "../apiservice.js";
import type { RemoteTransport } from "../remote/remote-transport.js";
import type { RemoteGroups } from "./remote-groups.js";
import { type RemoteDescription, remoteOpenApi } from "./remote-openapi.js";

export interface RemoteOpenApiOptions {
  /** Of APIServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  readonly transport: RemoteTransport;
  readonly remoteGroups: RemoteGroups;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps what is known of the OpenAPI of the servers behind. */
export interface RemoteOpenApiController {
  /** The server behind that APIService is there, or serves something new. */
  enqueue(name: string): void;
  /** Until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** How old what is known may be, and how soon a document that could not be read is asked for again. */
const describeEveryMs = 60_000;
const afterFailureMs = 10_000;

/** Apart from the probes: a document that is slow must not keep anybody from noticing that its server is gone. */
export function remoteOpenApiController({ services, transport, remoteGroups, clock, logger }: RemoteOpenApiOptions): RemoteOpenApiController {
  const descriptions = new Map<string, RemoteDescription>();
  return createController({
    name: "apiservice-openapi",
    concurrency: 64,
    clock,
    logger,
    async reconcile(name, signal): Promise<Again | undefined> {
      const object = services.get(name);
      if (object === undefined) descriptions.delete(name);
      // One that is away is described when it is back.
      if (object === undefined || !remoteGroups.isCurrent(name)) return undefined;
      const service = apiServiceFrom(object);
      try {
        const description = await remoteOpenApi(transport, service, descriptions.get(name), signal);
        if (description !== undefined) {
          descriptions.set(name, description);
          remoteGroups.describes(service, description.openapi);
        }
        return { afterMs: describeEveryMs };
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        const error = thrown instanceof Error ? thrown.message : String(thrown);
        logger.warn({ apiService: name, error }, "the OpenAPI document of a server behind could not be read; what is known of it stays");
        return { afterMs: afterFailureMs };
      }
    },
  });
}
