import { randomUUID } from "node:crypto";
import type { Converter, ResourceRegistry, WebhookClient } from "@dataplane/apiserver";
import { type ApiClient, createInformer } from "@dataplane/client";
import type { ApiObject, Clock, Handler, Logger } from "@dataplane/meta";
import { webhookConverter } from "./convert/webhook-converter.js";
import { type CustomResourceDefinition, definitionsRef } from "./definition/custom-resource-definition.js";
import { obeyingWrites } from "./obeying-writes.js";
import { definitionsController } from "./serve/definitions-controller.js";
import { finalizerController } from "./serve/finalizer-controller.js";
import { ServedDefinitions } from "./serve/served-definitions.js";

export interface ApiextensionsOptions {
  /** As the control plane, whose requests end at the API server that `registry` is of. */
  readonly client: ApiClient;
  readonly registry: ResourceRegistry;
  /** Of conversions by webhook. Without it such a conversion fails. */
  readonly webhooks?: WebhookClient;
  readonly newUid?: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Serves the kinds that CustomResourceDefinitions declare, as long as they are stored. */
export interface Apiextensions {
  /** Serves what is stored already; before it no definition's kind is known. */
  serveStored(): Promise<void>;
  /** Passes on to `delegate`; the answer to a write of a definition comes when it is obeyed. */
  obeying(delegate: Handler): Handler;
  /** Until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export function createApiextensions(options: ApiextensionsOptions): Apiextensions {
  const { client, registry, clock, logger } = options;
  const served = new ServedDefinitions({ registry, converterFor: (definition) => converterFor(definition, options), logger });
  const definitions = createInformer<ApiObject>({ client, resource: definitionsRef, clock, logger });
  const controller = definitionsController({ client, definitions, served, clock, logger });
  const finalizer = finalizerController({ client, definitions, clock, logger });
  let isRunning = false;
  return {
    serveStored: () => controller.serveStored(),
    obeying: (delegate) => obeyingWrites(delegate, (name) => (isRunning ? controller.settled(name) : Promise.resolve())),
    async run(signal) {
      isRunning = true;
      await Promise.all([controller.run(signal), finalizer.run(signal), definitions.run(signal)]);
      isRunning = false;
    },
  };
}

const noWebhooks: WebhookClient = { call: () => Promise.reject(new Error("this server asks no webhooks")) };

function converterFor(
  { spec: { conversion } }: CustomResourceDefinition,
  { webhooks = noWebhooks, newUid = randomUUID }: ApiextensionsOptions,
): Converter | undefined {
  return conversion?.strategy === "Webhook" ? webhookConverter({ conversion, webhooks, newUid }) : undefined;
}
