import type { ApiClient, Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, aborted, type Clock, type Logger, tolerating } from "@dataplane/meta";
import { serviceAccountsRef } from "./service-account-tokens.js";

const defaultName = "default";

export interface DefaultServiceAccountsOptions {
  readonly client: ApiClient;
  /** Both are run by the caller. */
  readonly namespaces: Informer<ApiObject>;
  readonly accounts: Informer<ApiObject>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the ServiceAccount `default` in each namespace that is not on its way out; until `signal` aborts. */
export function defaultServiceAccountsController(options: DefaultServiceAccountsOptions): { run(signal: AbortSignal): Promise<void> } {
  const { client, namespaces, accounts, clock, logger } = options;
  const controller = createController({
    name: "default-serviceaccounts",
    clock,
    logger,
    async reconcile(namespace, signal) {
      const found = namespaces.get(namespace);
      if (found === undefined || found.metadata.deletionTimestamp !== undefined || accounts.get(defaultName, namespace) !== undefined)
        return undefined;
      const made = client.create(serviceAccountsRef, anAccount(namespace), { fieldManager: "default-serviceaccounts" }, signal);
      // Somebody else made it, or the namespace went while it was asked for.
      await tolerating(made, "AlreadyExists", "NotFound", "Forbidden");
      return undefined;
    },
  });
  return {
    async run(signal) {
      const stops = [
        namespaces.onChange(({ object }) => controller.enqueue(object.metadata.name)),
        accounts.onChange(({ object }) => controller.enqueue(object.metadata.namespace ?? "")),
      ];
      await Promise.race([Promise.all([namespaces.synced, accounts.synced]), aborted(signal)]);
      for (const { metadata } of namespaces.list()) controller.enqueue(metadata.name);
      await controller.run(signal);
      for (const stop of stops) stop();
    },
  };
}

const anAccount = (namespace: string): ApiObject => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: defaultName, namespace } });
