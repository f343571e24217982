import type { ResourceRegistry } from "@dataplane/apiserver";
import { type ApiClient, createInformer } from "@dataplane/client";
import type { WhileLeading } from "@dataplane/controller";
import type { ApiObject, Clock, Handler, Logger } from "@dataplane/meta";
import { type ConverterSources, definitionConverter } from "./convert/definition-converter.js";
import { definitionsRef } from "./definition/custom-resource-definition.js";
import { obeyingWrites } from "./obeying-writes.js";
import { definitionsController } from "./serve/definitions-controller.js";
import { finalizerController } from "./serve/finalizer-controller.js";
import { ServedDefinitions } from "./serve/served-definitions.js";

export interface ApiextensionsOptions extends ConverterSources {
  /** As the control plane, whose requests end at the API server that `registry` is of. */
  readonly client: ApiClient;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Serves the kinds that CustomResourceDefinitions declare, as long as they are stored. */
export interface Apiextensions {
  /** Serves what is stored already; before it no definition's kind is known. */
  serveStored(): Promise<void>;
  /** Passes on to `delegate`; the answer to a write of a definition comes when it is obeyed. */
  obeying(delegate: Handler): Handler;
  /** Call it when someone else converts a group than before: its kinds are then served by him, and their watches begin anew. Others go on. */
  convertersChanged(): void;
  /** Until `signal` aborts. Objects of definitions that go are deleted by this server, or, of several on one store, by the one that leads. */
  run(signal: AbortSignal, whileLeading?: WhileLeading): Promise<void>;
}

export function createApiextensions(options: ApiextensionsOptions): Apiextensions {
  const { client, registry, clock, logger } = options;
  const served = new ServedDefinitions({ registry, converterFor: (definition) => definitionConverter(definition, options), logger });
  const definitions = createInformer<ApiObject>({ client, resource: definitionsRef, clock, logger });
  const controller = definitionsController({ client, definitions, served, clock, logger });
  let isRunning = false;
  return {
    serveStored: () => controller.serveStored(),
    obeying: (delegate) =>
      obeyingWrites({ ...definitionsRef, kind: "CustomResourceDefinition" }, delegate, (name) =>
        isRunning ? controller.settled(name) : Promise.resolve(),
      ),
    convertersChanged: () => controller.convertersChanged(),
    async run(signal, whileLeading) {
      isRunning = true;
      const stop = registry.onChange(() => controller.namesChanged());
      const finalizer = () => finalizerController({ client, definitions, clock, logger });
      whileLeading?.("end of custom resource definitions", finalizer);
      await Promise.all([controller.run(signal), definitions.run(signal), ...(whileLeading === undefined ? [finalizer().run(signal)] : [])]);
      stop();
      isRunning = false;
    },
  };
}
