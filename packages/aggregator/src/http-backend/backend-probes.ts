import type { Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, apiVersionOf, type Clock, type Logger } from "@dataplane/meta";
import { type DataPlaneService, dataPlaneServiceFrom } from "../dataplaneservice.js";
import { backendError } from "../outbound/backend-error.js";
import { exchange } from "../outbound/exchange.js";
import type { Outbound } from "../outbound/outbound.js";
import { withPath } from "../proxy/proxied-path.js";
import { backendTarget } from "./backend-target.js";

/** What the last probes of a backend said. */
export interface BackendState {
  readonly available: boolean;
  /** Why not; names no host. */
  readonly message: string;
}

/** Asks each backend of a DataPlaneService now and then whether it answers. */
export interface BackendProbes {
  /** Undefined until it was asked the first time. */
  stateOf(service: DataPlaneService): BackendState | undefined;
  /** Calls back with the name of a service whose backend changed its state; returns the way to stop that. */
  onChange(listener: (name: string) => void): () => void;
  run(signal: AbortSignal): Promise<void>;
}

export interface BackendProbesOptions {
  /** Of DataPlaneServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 10 s unless told; a quarter of it after a failure. */
  readonly intervalMs?: number;
}

const timeoutMs = 5_000;
/** So many failures in a row make an available backend unavailable: one that flaps does not make the condition flap. */
const failuresToTurn = 3;

interface Known {
  /** Of the backend that was asked: another one is another question. */
  readonly asked: string;
  readonly state: BackendState;
  readonly failures: number;
}

export function createBackendProbes({ services, outbound, clock, logger, intervalMs = 10_000 }: BackendProbesOptions): BackendProbes {
  const known = new Map<string, Known>();
  const listeners = new Set<(name: string) => void>();
  const controller = createController({
    name: "backend-probes",
    // A backend that is silent holds up no other.
    concurrency: 16,
    clock,
    logger,
    async reconcile(name, signal) {
      const object = services.get(name);
      const service = object === undefined ? undefined : dataPlaneServiceFrom(object);
      if (service?.spec.backend === undefined) {
        known.delete(name);
        return undefined;
      }
      const before = knownOf(service);
      const failure = await probe(service, outbound, signal);
      const next = judged(before, questionOf(service), failure);
      known.set(name, next);
      if (before?.state.available !== next.state.available) for (const listener of listeners) listener(name);
      return { afterMs: failure === undefined ? intervalMs : intervalMs / 4 };
    },
  });
  const knownOf = (service: DataPlaneService): Known | undefined => {
    const found = known.get(service.metadata.name);
    return found?.asked === questionOf(service) ? found : undefined;
  };

  return {
    stateOf: (service) => knownOf(service)?.state,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async run(signal) {
      const stop = services.onChange(({ object }) => {
        const service = dataPlaneServiceFrom(object);
        // Its status changes often, its backend does not.
        if (knownOf(service) === undefined || services.get(object.metadata.name) === undefined) controller.enqueue(object.metadata.name);
      });
      for (const { metadata } of services.list()) controller.enqueue(metadata.name);
      await controller.run(signal);
      stop();
    },
  };
}

function judged(before: Known | undefined, asked: string, failure: string | undefined): Known {
  if (failure === undefined) return { asked, state: { available: true, message: "" }, failures: 0 };
  const failures = (before?.failures ?? 0) + 1;
  const stays = before?.state.available === true && failures < failuresToTurn;
  return { asked, state: stays ? before.state : { available: false, message: failure }, failures };
}

const questionOf = ({ spec: { backend, group, version } }: DataPlaneService): string => JSON.stringify([backend, group, version]);

/** Undefined when the backend answered its own part of the API with anything but a server's error or a redirect. */
async function probe(service: DataPlaneService, outbound: Outbound, signal: AbortSignal): Promise<string | undefined> {
  const { backend } = service.spec;
  if (backend === undefined) return undefined;
  try {
    const { base, route } = backendTarget(backend);
    const path = `/apis/${apiVersionOf(service.spec)}`;
    const url = withPath(base, path.slice(1).split("/"), { path });
    const { status, discard } = await exchange(outbound, {
      ...{ url, route, method: "GET", headers: { accept: "application/json", "user-agent": "dataplane-probe" }, timeoutMs, signal },
    });
    discard();
    return status >= 500 || (status >= 300 && status < 400) ? `the backend answers with ${status}` : undefined;
  } catch (thrown) {
    return backendError(thrown, "the backend", signal).message;
  }
}
