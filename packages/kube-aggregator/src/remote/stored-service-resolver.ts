import { isIP } from "node:net";
import type { Informer, ResourceRef } from "@dataplane/client";
import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { hostOf, isHost } from "./external-name.js";
import { RemoteFailure } from "./remote-transport.js";
import type { RemoteAddress, ServiceResolver } from "./service-resolver.js";

export const servicesRef: ResourceRef = { group: "", version: "v1", resource: "services", namespaced: true };

export interface StoredServiceResolverOptions {
  /** Of core/v1 Services; run by the caller. */
  readonly services: Informer<ApiObject>;
  /** Of ExternalNames; run by the caller. They stand in for Services that are not there. */
  readonly externalNames: Informer<ApiObject>;
}

/** Finds servers by stored Services, by the rules of kube-aggregator with its cluster IP routing, and by ExternalNames. */
export function storedServiceResolver({ services, externalNames }: StoredServiceResolverOptions): ServiceResolver {
  return {
    resolve({ namespace, name, port }) {
      const service = services.get(name, namespace);
      if (service !== undefined) return addressOf(service, { namespace, name, port });
      const external = externalNames.get(name, namespace);
      if (external !== undefined) return externalAddress(hostOf(external), { namespace, name, port });
      throw new RemoteFailure("ServiceNotFound", `service/${name} in ${JSON.stringify(namespace)} is not present`);
    },
    onChange(listener) {
      const stops = [services, externalNames].map((informer) =>
        informer.onChange(({ object: { metadata } }) => listener(`${metadata.namespace ?? ""}/${metadata.name}`)),
      );
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

interface Sought {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

function addressOf(service: ApiObject, sought: Sought): RemoteAddress {
  const spec = isJsonObject(service["spec"]) ? service["spec"] : {};
  const type = textOf(spec["type"]) || "ClusterIP";
  if (type === "ExternalName") return externalAddress(textOf(spec["externalName"]), sought);
  if (!["ClusterIP", "NodePort", "LoadBalancer"].includes(type)) {
    throw new RemoteFailure("ServiceNotFound", `${described(sought)} has the unsupported type ${JSON.stringify(type)}`);
  }
  if (!portsOf(spec).some(({ port }) => port === sought.port)) {
    throw new RemoteFailure("ServicePortError", `${described(sought)} is not listening on port ${sought.port}`);
  }
  const host = textOf(spec["clusterIP"]);
  // A headless Service is an answer of the cluster's DNS, which is not asked here.
  if (isIP(host) === 0) throw new RemoteFailure("EndpointsNotFound", `${described(sought)} has no cluster IP to connect to`);
  return { host, port: sought.port, serverNames: [clusterName(sought)] };
}

/**
 * The port is the one that the APIService names: an ExternalName has no addresses to map ports for. A DNS name comes first, since the
 * server there may serve several names and choose its certificate by the one that is asked for.
 */
function externalAddress(externalName: string, sought: Sought): RemoteAddress {
  if (!isHost(externalName)) throw new RemoteFailure("ServiceNotFound", `${described(sought)} names no host: ${JSON.stringify(externalName)}`);
  const host = externalName.replace(/\.$/, "");
  const cluster = clusterName(sought);
  return { host, port: sought.port, serverNames: isIP(host) === 0 ? [host, cluster] : [cluster, host] };
}

const clusterName = ({ namespace, name }: Sought): string => `${name}.${namespace}.svc`;

const described = ({ namespace, name }: Sought): string => `service/${name} in ${JSON.stringify(namespace)}`;

const portsOf = ({ ports }: JsonObject): readonly JsonObject[] => (Array.isArray(ports) ? (ports as readonly JsonValue[]).filter(isJsonObject) : []);

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
