import type { ApiClient, Informer, ResourceRef } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, aborted, type Clock, isJsonObject, type Logger, tolerating } from "@dataplane/meta";
import type { Live } from "../tls/live.js";
import type { ServingCertificate } from "../tls/serving-certificate.js";

/** Where programs look for the authority that signed this server's certificate. */
export const rootCaName = "kube-root-ca.crt";

export const configMapsRef: ResourceRef = { group: "", version: "v1", resource: "configmaps", namespaced: true };

export interface RootCaConfigMapsOptions {
  readonly client: ApiClient;
  readonly serving: Live<Pick<ServingCertificate, "ca">>;
  /** Both are run by the caller; of the ConfigMaps those named `kube-root-ca.crt`. */
  readonly namespaces: Informer<ApiObject>;
  readonly configMaps: Informer<ApiObject>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const writer = { fieldManager: "root-ca-cert-publisher" };

/** Keeps the ConfigMap `kube-root-ca.crt` in each namespace that is not on its way out, with this server's CA in it; until `signal` aborts. */
export function rootCaConfigMapsController(options: RootCaConfigMapsOptions): { run(signal: AbortSignal): Promise<void> } {
  const { client, serving, namespaces, configMaps, clock, logger } = options;
  const controller = createController({
    name: "root-ca-configmaps",
    clock,
    logger,
    async reconcile(namespace, signal) {
      const found = namespaces.get(namespace);
      if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined;
      const stored = configMaps.get(rootCaName, namespace);
      const { ca } = serving.current;
      const wanted = aConfigMap(namespace, ca);
      if (stored !== undefined && holds(stored, ca)) return undefined;
      const written =
        stored === undefined
          ? client.create(configMapsRef, wanted, writer, signal)
          : client.update(configMapsRef, { name: rootCaName, namespace }, wanted, writer, signal);
      // Somebody else made it, or the namespace went while it was asked for.
      await tolerating(written, "AlreadyExists", "NotFound", "Forbidden");
      return undefined;
    },
  });
  return {
    async run(signal) {
      const lookAtAll = (): void => {
        for (const { metadata } of namespaces.list()) controller.enqueue(metadata.name);
      };
      const stops = [
        serving.onChange(lookAtAll),
        namespaces.onChange(({ object }) => controller.enqueue(object.metadata.name)),
        configMaps.onChange(({ object }) => controller.enqueue(object.metadata.namespace ?? "")),
      ];
      await Promise.race([Promise.all([namespaces.synced, configMaps.synced]), aborted(signal)]);
      lookAtAll();
      await controller.run(signal);
      for (const stop of stops) stop();
    },
  };
}

const description = "Contains a CA bundle that can be used to verify the API server, as when clients connect by its address over HTTPS.";

const aConfigMap = (namespace: string, ca: string): ApiObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: rootCaName, namespace, annotations: { "kubernetes.io/description": description } },
  data: { "ca.crt": ca },
});

function holds({ data }: ApiObject, ca: string): boolean {
  return isJsonObject(data) && Object.keys(data).length === 1 && data["ca.crt"] === ca;
}
