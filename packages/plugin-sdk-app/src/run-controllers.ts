import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type ApiClient, createInformer, createTransportClient, type Informer } from "@dataplane/client";
import { createController, heldTransport, type Lead, leaderElection } from "@dataplane/controller";
import { type ApiObject, type Logger, systemClock } from "@dataplane/meta";
import { appTransport } from "./app-client.js";
import { type AppConfig, appConfigFromEnv } from "./app-config.js";
import type { AppController, ObjectKey } from "./app-controller.js";
import { stderrLogger } from "./stderr-logger.js";

export interface RunControllersOptions {
  readonly signal: AbortSignal;
  /** What the host gave unless told. */
  readonly config?: AppConfig;
  /** False: every replica reconciles. True unless told: the holder of the app's Lease alone. */
  readonly leaderElection?: boolean;
  /** Lines on stderr, which the host reads, unless told. */
  readonly logger?: Logger;
}

/**
 * Runs controllers until the signal aborts: each object is reconciled once at the start and after each change of it. Watches go on where
 * they were after a restart of the server, and after a new token; a change in between is seen. Throws when there is no configuration.
 */
export async function runControllers(controllers: readonly AppController[], options: RunControllersOptions): Promise<void> {
  const { signal, config = appConfigFromEnv(), logger = stderrLogger() } = options;
  const transport = appTransport(config);
  const client = createTransportClient(transport);
  const work = async (its: ApiClient, until: AbortSignal): Promise<void> => {
    await Promise.all(controllers.map((controller) => runController(controller, { client: its, logger, signal: until })));
  };
  if (options.leaderElection === false) return work(client, signal);
  const lead: Lead = (held, isHeld) => work(createTransportClient(heldTransport(transport, isHeld)), held);
  const lease = { namespace: config.namespace, name: config.user };
  return leaderElection({ client, lease, identity: `${hostname()}_${randomUUID()}`, clock: systemClock, logger }, lead, signal);
}

interface Surroundings {
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

async function runController<T extends ApiObject>(controller: AppController<T>, { client, logger, signal }: Surroundings): Promise<void> {
  const { name, resource, namespace, labelSelector, alsoWatch = [], concurrency = 1, reconcile } = controller;
  const common = { client, clock: systemClock, logger };
  const selected = { ...(namespace === undefined ? {} : { namespace }), ...(labelSelector === undefined ? {} : { labelSelector }) };
  const objects: Informer<T> = createInformer<T>({ ...common, resource, options: selected });
  const queue = createController({
    name,
    concurrency,
    clock: systemClock,
    logger,
    reconcile: (text, working) => {
      const key = keyFrom(text);
      return reconcile(objects.get(key.name, key.namespace === "" ? undefined : key.namespace), key, { client, objects, signal: working });
    },
  });
  objects.onChange(({ object: { metadata } }) => queue.enqueue(textOf({ name: metadata.name, namespace: metadata.namespace ?? "" })));
  const others = alsoWatch.map((watched) => {
    const informer = createInformer<ApiObject>({ ...common, resource: watched.resource });
    informer.onChange(({ object, previous }) => {
      for (const it of previous === undefined ? [object] : [object, previous]) for (const key of watched.keysOf(it)) queue.enqueue(textOf(key));
    });
    return informer.run(signal);
  });
  const watching = objects.run(signal);
  // Before the first list an object that another one leads to would look as if it were gone.
  const working = Promise.race([objects.synced, watching]).then(() => (signal.aborted ? undefined : queue.run(signal)));
  await Promise.all([watching, working, ...others]);
}

const textOf = ({ name, namespace }: ObjectKey): string => `${namespace}/${name}`;

function keyFrom(text: string): ObjectKey {
  const at = text.indexOf("/");
  return { namespace: text.slice(0, at), name: text.slice(at + 1) };
}
