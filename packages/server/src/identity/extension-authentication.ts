import { remoteHeaders } from "@dataplane/apiserver";
import { type ApiClient, createInformer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, aborted, type Clock, isJsonObject, type Logger, tolerating } from "@dataplane/meta";
import type { Runnable } from "../lifetime.js";
import type { Live } from "../tls/live.js";
import { configMapsRef } from "./root-ca-config-maps.js";

export interface ExtensionAuthenticationOptions {
  readonly client: ApiClient;
  /** Authorities whose clients are users, PEM. */
  readonly clientCa: Live<string>;
  /** Authorities of proxies that name the user, PEM. */
  readonly requestHeaderCa: Live<string>;
  /** Common names of such proxies; empty: any. */
  readonly allowedNames: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

const namespace = "kube-system";
const name = "extension-apiserver-authentication";

/**
 * Keeps the ConfigMap from which API servers behind this one learn whom to believe
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/); until `signal` aborts.
 */
export function extensionAuthenticationController(options: ExtensionAuthenticationOptions): Runnable {
  const { client, clientCa, requestHeaderCa, clock, logger } = options;
  const configMaps = createInformer<ApiObject>({
    ...{ client, resource: configMapsRef, clock, logger },
    options: { namespace, fieldSelector: `metadata.name=${name}` },
  });
  const controller = createController({
    name: "extension-apiserver-authentication",
    clock,
    logger,
    async reconcile(_key, signal) {
      const wanted: ApiObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: dataOf(options) };
      const stored = configMaps.get(name, namespace);
      if (stored !== undefined && holds(stored, dataOf(options))) return undefined;
      const writer = { fieldManager: "kube-apiserver" };
      const written =
        stored === undefined
          ? client.create<ApiObject>(configMapsRef, wanted, writer, signal)
          : client.update<ApiObject>(configMapsRef, { name, namespace }, repaired(stored, dataOf(options)), writer, signal);
      await tolerating(written, "AlreadyExists", "Conflict", "NotFound");
      return undefined;
    },
  });
  return {
    async run(signal) {
      const look = (): void => controller.enqueue(name);
      const stops = [configMaps.onChange(look), clientCa.onChange(look), requestHeaderCa.onChange(look)];
      const running = [controller.run(signal), configMaps.run(signal)];
      await Promise.race([configMaps.synced, aborted(signal)]);
      look();
      await Promise.all(running);
      for (const stop of stops) stop();
    },
  };
}

/** Lists are JSON in a text, as Kubernetes has them. */
function dataOf({ clientCa, requestHeaderCa, allowedNames }: ExtensionAuthenticationOptions): Readonly<Record<string, string>> {
  const { usernameHeaders, uidHeaders, groupHeaders, extraPrefixes } = remoteHeaders;
  return {
    "client-ca-file": clientCa.current,
    "requestheader-client-ca-file": requestHeaderCa.current,
    "requestheader-allowed-names": JSON.stringify(allowedNames),
    "requestheader-username-headers": JSON.stringify(usernameHeaders),
    "requestheader-uid-headers": JSON.stringify(uidHeaders),
    "requestheader-group-headers": JSON.stringify(groupHeaders),
    "requestheader-extra-headers-prefix": JSON.stringify(extraPrefixes),
  };
}

/** What others keep in it beside is theirs. */
const repaired = (stored: ApiObject, wanted: Readonly<Record<string, string>>): ApiObject =>
  Object.assign({}, stored, { data: Object.assign({}, stored["data"], wanted) });

const holds = ({ data }: ApiObject, wanted: Readonly<Record<string, string>>): boolean =>
  isJsonObject(data) && Object.entries(wanted).every(([key, value]) => data[key] === value);
